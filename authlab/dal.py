"""The data access layer (lesson 8): every authorised read or write, and the proof before it.

The check is where the data is: no page, action or API can forget it, because there is no other way
to the data.
"""

from authlab.cookies import SESSION_COOKIE
from authlab.db import UserRow, all_users, delete_session_of_user
from authlab.dto import DeviceDTO, UserDTO, device_dto, user_dto
from authlab.errors import Forbidden, NotSignedIn
from authlab.request import Request
from authlab.sessions import database
from authlab.sessions.strategy import strategy


def verify_session(request: Request) -> UserRow:
    """Return the user this request is from; raises `NotSignedIn` when none can be proven.

    The token's signature is not enough: the user must still exist, now. Proven once a request.
    The memo lives on the request: one that lived longer would hand Ada's session to the next visitor.

    Source: the guide's `verifySession`, which never looked the user up.
    """
    if request.user_row is not None:
        return request.user_row
    token = request.cookies.get(SESSION_COOKIE)
    sessions = strategy(request.settings)
    user = None if token is None else sessions.verify(request.db, token, request.settings)
    if user is None:
        request.note("dal", "refused: nobody is signed in")
        raise NotSignedIn(stale=token is not None)
    request.note("dal", f"proven: user {user.id}, role {user.role}")
    request.user_row = user
    return user


def get_user(request: Request) -> UserDTO:
    """Return the signed-in user's own data; raises `NotSignedIn`."""
    return user_dto(verify_session(request))


def get_user_or_none(request: Request) -> UserDTO | None:
    """Return the signed-in user's own data, or None: for what a page shows to guests too."""
    try:
        return get_user(request)
    except NotSignedIn:
        return None


def members(request: Request) -> list[UserDTO]:
    """Return every member, for admins; raises `NotSignedIn`, or `Forbidden` for everyone else.

    The role is the database's of this moment, not one that a token remembers.
    """
    viewer = verify_session(request)
    if viewer.role != "admin":
        request.note("dal", f"refused: user {viewer.id} is no admin")
        raise Forbidden
    return [user_dto(row) for row in all_users(request.db)]


def devices(request: Request) -> list[DeviceDTO]:
    """Return the viewer's own sessions; raises `NotSignedIn`."""
    viewer = verify_session(request)
    rows = database.devices(request.db, viewer.id, request.cookies[SESSION_COOKIE], request.settings)
    return [device_dto(row, current) for row, current in rows]


def end_device(request: Request, session_id: int) -> bool:
    """End one of the viewer's own sessions; False when it is not theirs, as when it is not there."""
    viewer = verify_session(request)
    return delete_session_of_user(request.db, viewer.id, session_id)


def end_other_devices(request: Request) -> int:
    """End all of the viewer's sessions but this one; return how many."""
    viewer = verify_session(request)
    return database.delete_others(request.db, viewer.id, request.cookies[SESSION_COOKIE], request.settings)
