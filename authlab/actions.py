"""Actions: what a form's POST does. Each is a public endpoint: whoever can send a request can call it.

That the form came from a page of ours is decided before, in `app`. Who sent it, and whether they may, the
data access layer decides. That a page shows no button for it decides nothing.
"""

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from authlab import dal, forms, pages
from authlab.accounts import authenticate, create_user
from authlab.cookies import DEVICE_COOKIE, DEVICE_MAX_AGE_SECONDS, session_cookie
from authlab.dal import Dal
from authlab.db import claim_form, note_login, transaction
from authlab.devices import device_name, device_nonce, device_token, given_at, known_device
from authlab.errors import TooManyAttempts
from authlab.forms import FormState
from authlab.limits import RateLimiter, login_key
from authlab.origins import safe_next
from authlab.request import Request
from authlab.responses import see_other
from authlab.roles import ROLES

NONCE_MAX_CHARACTERS = 32  # what our pages send; a longer one is none of ours, and is not kept
ID_MAX_DIGITS = 18  # what SQLite keeps in an INTEGER, and more than it will ever count to


def signup(request: Request) -> Response:
    """Make an account, sign it in and go to /profile; or show the form again with what is wrong.

    422 for a field that breaks a rule, before the database is asked anything; 409 for an e-mail that
    is taken and for a form sent twice; 429 for an address that signs up too often.
    """
    fields = _fields(request)
    nonce = fields.pop("nonce", None)
    settings, now = request.settings, request.settings.clock()
    validate = forms.validate_signup if settings.passwords == "guide" else forms.validate_modern_signup
    form = validate(fields)
    if isinstance(form, FormState):
        request.note("forms", "refused: " + ", ".join(sorted(form.errors)))
        return pages.signup(request, form, status=422)
    request.note("forms", "every rule holds")
    wait = RateLimiter(request.db, settings.signups_per_address).hit(f"signup {request.client_ip}", now)
    if wait:
        raise TooManyAttempts(wait)
    try:
        with transaction(request.db):  # all or nothing: an account whose session could not begin is not made
            user_id = create_user(
                request.db, form, rounds=settings.bcrypt_rounds, pepper=settings.pepper, now=now
            )
            _claim(request, nonce, now)
            if user_id is not None:
                sign_in(request, user_id)
    except _SentBefore:
        return pages.signup(request, FormState(message=forms.SENT_TWICE), status=409)
    if user_id is None:
        taken = FormState(errors={"email": [forms.EMAIL_TAKEN]}, message=forms.NOT_CREATED)
        return pages.signup(request, taken, status=409)
    request.log("signed up", user=user_id)
    _remember_device(request, form.email)
    return see_other("/profile")


def login(request: Request) -> Response:
    """Sign in and go where the visitor wanted to, or to /profile; or 401 with one message.

    The message is the same whatever was wrong, and so is the 429 for too many guesses: counted before the
    password is looked at, for accounts that exist and for those that do not.
    """
    settings = request.settings
    typed, password = request.form.get("email", ""), request.form.get("password", "")
    email = forms.canonical_email(typed) or typed
    key = _count_guess(request, email)
    user = authenticate(request.db, typed, password, rounds=settings.bcrypt_rounds, pepper=settings.pepper)
    if user is not None:
        with transaction(request.db):
            if note_login(request.db, user, settings.clock()):
                sign_in(request, user.id)
    if user is None or request.new_token is None:
        request.log("login refused")
        return pages.login(request, FormState(message=forms.WRONG_CREDENTIALS), status=401)
    request.sessions.user_changed(user.id)  # what the account shows of its last login
    RateLimiter(request.db, settings.logins_per_account).forget(key)
    request.log("logged in", user=user.id)
    _remember_device(request, user.email)
    return see_other(safe_next(request.form.get("next"), request.own_origin, default="/profile"))


def sign_in(request: Request, user_id: int) -> None:
    """Begin a new session of `user_id` in this browser, and end the one it had.

    Never the same one: whoever planted it here, or holds a copy of it, would be signed in, too (session
    fixation).

    Source: ASVS 7.2.4.
    """
    if request.session is not None:
        request.sessions.delete(request.db, request.session)
    device = device_name(request.user_agent.string)
    request.new_token = request.sessions.create(request.db, user_id, device)
    request.memo.clear()  # whoever this request was from before


def logout(request: Request) -> Response:
    """End the session, take the cookie back and go to /login. Works for whoever has no session, too."""
    if request.session is not None:
        request.sessions.delete(request.db, request.session)
        request.log("logged out", user=request.session.user_id)
    response = see_other("/login")
    response.headers.add("Set-Cookie", session_cookie("", 0))
    # What pages have left in the browser. Not "cookies": that would take those of our neighbours, too.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def change_password(request: Request) -> Response:
    """Replace the password, end all other sessions and go back to the settings; or show what is wrong.

    It needs the current password: an open browser is not its owner. Guesses at it count as at login.
    """
    visitor, own = Dal(request), dal.get_user(request)
    settings = request.settings
    form = forms.validate_password_change(
        _fields(request), settings.passwords, name=own.name, email=own.email
    )
    if isinstance(form, FormState):
        return pages.settings(request, form, status=422)
    key = _count_guess(request, own.email)
    if not visitor.change_password(form.current, form.new):
        return pages.settings(request, FormState(errors={"current": [forms.WRONG_PASSWORD]}), status=422)
    RateLimiter(request.db, settings.logins_per_account).forget(key)
    return see_other("/dashboard/settings?changed")


def end_device(request: Request) -> Response:
    """End one of the visitor's own sessions; 404 for one that is not theirs, as for one that is not there."""
    visitor, number = Dal(request), request.form.get("id", "")
    if not (number.isascii() and number.isdecimal() and len(number) <= ID_MAX_DIGITS):
        raise NotFound
    if not visitor.end_device(int(number)):
        raise NotFound
    return see_other("/devices")


def end_other_devices(request: Request) -> Response:
    """End all of the visitor's sessions but this one."""
    Dal(request).end_other_sessions()
    return see_other("/devices")


def set_phone(request: Request, slug: str) -> Response:
    """Change a member's phone number; 404 for one whom the visitor may not edit, as for none."""
    visitor = Dal(request)
    form = forms.validate_profile(_fields(request))
    if isinstance(form, FormState):
        return pages.member(request, slug, form, status=422)
    if not visitor.set_phone(slug, form.phone):
        raise NotFound
    return see_other(f"/members/{slug}")


# An admin's. Each says 403 to other members and 404 for an account that is not there; but for the team, an
# admin's own counts as not there, so that nobody takes the last admin's rights by a slip. What a field must
# not hold is said with 422, on the page that only admins get: everybody else's 403 comes first.


def set_role(request: Request, user_id: int) -> Response:
    """Give another user a role."""
    visitor, role = Dal(request), request.form.get("role", "")
    if role not in ROLES:
        return pages.admin(request, FormState(message=forms.ROLE_UNKNOWN), status=422, about=user_id)
    return _to_admin(visitor.set_role(user_id, role))


def set_team(request: Request, user_id: int) -> Response:
    """Put a user in a team; an empty name takes them out of theirs."""
    visitor, form = Dal(request), forms.validate_team(_fields(request))
    if isinstance(form, FormState):
        return pages.admin(request, form, status=422, about=user_id)
    return _to_admin(visitor.set_team(user_id, form.team))


def end_sessions(request: Request, user_id: int) -> Response:
    """Log another user out everywhere."""
    return _to_admin(Dal(request).end_sessions(user_id))


def disable(request: Request, user_id: int) -> Response:
    """Disable another user's account: its sessions end, and nobody logs in to it."""
    return _to_admin(Dal(request).set_disabled(user_id, True))


def enable(request: Request, user_id: int) -> Response:
    """Enable an account again."""
    return _to_admin(Dal(request).set_disabled(user_id, False))


def delete_user(request: Request, user_id: int) -> Response:
    """Delete another user's account."""
    return _to_admin(Dal(request).delete_user(user_id))


def _to_admin(done: bool) -> Response:
    if not done:
        raise NotFound
    return see_other("/admin")


class _SentBefore(Exception):
    """This very page was sent before."""


def _claim(request: Request, nonce: str | None, now: int) -> None:
    """Take a page's nonce; raises `_SentBefore` for one that is taken.

    A double click sends one page twice: the second gets an explanation, not a puzzling "is taken". It is a
    comfort of our own pages and no defence: whoever leaves the nonce out signs up without it.
    """
    ours = nonce is not None and len(nonce) <= NONCE_MAX_CHARACTERS
    if ours and not claim_form(request.db, str(nonce), now):
        raise _SentBefore


def _fields(request: Request) -> dict[str, str]:
    """Return a form's fields without the token that `app` has looked at."""
    fields = request.form.to_dict()
    fields.pop("csrf", None)
    return fields


def _count_guess(request: Request, email: str) -> str:
    """Count a guess at an account's password and return what it is counted by; raises `TooManyAttempts`.

    A browser that the account's owner has logged in with has a counter of its own, so that nobody can lock
    the owner out by guessing; everybody else shares the account's, and that of the address they come from.
    """
    settings, now = request.settings, request.settings.clock()
    device = _device(request, email)
    key = login_key(email, device)
    # Whoever has had the password once may hold many devices' tokens: together they count as one address.
    source = request.client_ip if device is None else login_key(email, "any known device")
    for limit, counted in (
        (settings.logins_per_address, f"login from {source}"),
        (settings.logins_per_account, key),
    ):
        wait = RateLimiter(request.db, limit).hit(counted, now)
        if wait:  # an address that is refused uses up nobody's account
            raise TooManyAttempts(wait)
    return key


def _device(request: Request, email: str) -> str | None:
    """Return the nonce by which we know this browser as one of the owner's of `email`, or None.

    The cookie's Max-Age is the browser's courtesy; how old a token may be is decided here.
    """
    nonce = known_device(request.cookies.get(DEVICE_COOKIE), email, request.settings.signing_key)
    oldest = request.settings.clock() - DEVICE_MAX_AGE_SECONDS
    return nonce if nonce is not None and given_at(nonce) > oldest else None


def _remember_device(request: Request, email: str) -> None:
    """Know this browser again as one that the account's owner has logged in with."""
    settings = request.settings
    if _device(request, email) is None:
        nonce = device_nonce(settings.random_bytes(16), settings.clock())
        request.new_device = device_token(email, nonce, settings.signing_key)
