"""Data transfer objects (lesson 9): what may leave, field by field, and for whom."""

import json
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from authlab.db import SessionRow, UserRow
from authlab.roles import can_edit, can_see_phone, can_see_username


class DTO(BaseModel):
    """The base of all: a field that nobody named is an error, on the way in and on the way out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UserDTO(DTO):
    """What a signed-in user may see of their own account."""

    id: int
    name: str
    email: str
    role: str
    username: str
    team: str | None
    phone: str | None


class ProfileDTO(DTO):
    """What one member may see of another. A field they may not see is None, as if it were empty."""

    username: str | None
    name: str | None
    phone: str | None
    editable: bool


class AccountDTO(DTO):
    """What an admin sees of an account."""

    id: int
    username: str
    name: str
    email: str
    role: str
    team: str | None
    disabled: bool
    last_login: str | None


class DeviceDTO(DTO):
    """One session as its owner sees it: a number to end it by, and nothing that opens it."""

    id: int
    device: str
    signed_in: str  # in UTC, as "2026-01-05 09:00"
    last_seen: str
    current: bool


def user_dto(row: UserRow) -> UserDTO:
    """Return the fields of `row` that may leave: named one by one, so that a new column stays inside."""
    return UserDTO(
        id=row.id,
        name=row.name,
        email=row.email,
        role=row.role,
        username=row.slug,
        team=row.team,
        phone=row.phone,
    )


def profile_dto(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """Return what `viewer` may see of `owner`, as a `ProfileDTO`: these four
    fields, and no other.

    - `username`: the owner's `slug`, where `can_see_username(viewer)`. Today
      that is everywhere; ask all the same, so that a new rule holds here.
    - `name` and `phone`: the owner's, where `can_see_phone(viewer, owner)`.
    - `editable`: whether `can_edit(viewer, owner)`.

    What the viewer may not see is None, and nothing tells it from what the
    owner never gave: whoever may not see the number does not learn whether
    there is one, and every profile has all four keys.

    Source: the guide's `getProfileDTO`, where the viewer was always the
    target.
    """
    near = can_see_phone(viewer, owner)
    return ProfileDTO(
        username=owner.slug if can_see_username(viewer) else None,
        name=owner.name if near else None,
        phone=owner.phone if near else None,
        editable=can_edit(viewer, owner),
    )


def account_dto(row: UserRow) -> AccountDTO:
    """Return what an admin sees of an account: no phone number, no times but the last login."""
    return AccountDTO(
        id=row.id,
        username=row.slug,
        name=row.name,
        email=row.email,
        role=row.role,
        team=row.team,
        disabled=row.disabled,
        last_login=in_words(row.last_login_at),
    )


def device_dto(row: SessionRow, current: bool) -> DeviceDTO:
    """Return what may leave of a session: not its id, which its token carries."""
    return DeviceDTO(
        id=row.id,
        device=row.device,
        signed_in=in_words(row.created_at) or "",
        last_seen=in_words(row.last_seen_at) or "",
        current=current,
    )


def bootstrap(user: UserDTO | None) -> str:
    """Return the JSON that a page's own scripts begin with: who is signed in.

    - `{"user": {"id": ..., "name": ..., "role": ...}}`: these three, as they
      are, and nothing else of the user.
    - `{"user": null}` for nobody.
    - Read as JSON it tells every name as it is, whatever is in it.
    - It stands in a page, as `<script type="application/json">…</script>`.
      Whatever the name is, the element ends at the page's own `</script>`
      (in HTML, neither quotes nor backslashes hide a tag).
    - No U+2028 and no U+2029 as such: they are fine in JSON, and end a line
      in older JavaScript.

    Source: the guide's context providers; OWASP, Cross Site Scripting
    Prevention; the HTML standard, "Restrictions for contents of script
    elements".
    """
    known = None if user is None else {"id": user.id, "name": user.name, "role": user.role}
    text = json.dumps({"user": known})  # ASCII only, so no U+2028 either
    # An escape is the same letter to JSON, and no letter at all to HTML.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def in_words(seconds: int | None) -> str | None:
    """Return a time for people, in UTC: `2026-01-05 09:00`; None for one that never was."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
