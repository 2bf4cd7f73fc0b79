"""Data transfer objects: what may leave, field by field (lesson 9)."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from authlab.db import SessionRow, UserRow


class UserDTO(BaseModel):
    """What a signed-in user may see of their own account."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    name: str
    email: str
    role: str


def user_dto(row: UserRow) -> UserDTO:
    """Return the fields of `row` that may leave: named one by one, so that a new column stays inside."""
    return UserDTO(id=row.id, name=row.name, email=row.email, role=row.role)


class DeviceDTO(BaseModel):
    """One session as its owner sees it: a number to end it by, and nothing that opens it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    device: str
    signed_in: str  # in UTC, as "2026-01-05 09:00"
    last_seen: str
    current: bool


def device_dto(row: SessionRow, current: bool) -> DeviceDTO:
    """Return what may leave of a session: not its secret's hash."""
    return DeviceDTO(
        id=row.id,
        device=row.device,
        signed_in=_in_words(row.created_at),
        last_seen=_in_words(row.last_seen_at),
        current=current,
    )


def _in_words(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
