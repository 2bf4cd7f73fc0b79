"""Data transfer objects: what may leave, field by field (lesson 9)."""

from pydantic import BaseModel, ConfigDict

from authlab.db import UserRow


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
