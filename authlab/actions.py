"""Actions: what a form's POST does. Each is a public endpoint: whoever can send a request can call it."""

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from authlab import dal, forms, pages
from authlab.accounts import authenticate, create_user
from authlab.cookies import SESSION_COOKIE, session_cookie
from authlab.db import claim_form
from authlab.devices import device_name
from authlab.forms import FormState
from authlab.request import Request
from authlab.responses import see_other
from authlab.sessions.strategy import strategy

NONCE_MAX_CHARACTERS = 32  # what our pages send; a longer one is none of ours, and is not kept


def signup(request: Request) -> Response:
    """Make an account, sign it in and go to /profile; or show the form again with what is wrong.

    422 for a field that breaks a rule, before the database is asked anything; 409 for an e-mail that
    is taken and for a form sent twice.
    """
    fields = request.form.to_dict()
    nonce = fields.pop("nonce", None)
    form = forms.validate_signup(fields)
    if isinstance(form, FormState):
        request.note("forms", "refused: " + ", ".join(sorted(form.errors)))
        return pages.signup(request, form, status=422)
    request.note("forms", "every rule holds")
    settings, now = request.settings, request.settings.clock()
    # A double click sends one page twice: the second gets an explanation, not a puzzling "is taken".
    if nonce is not None and len(nonce) <= NONCE_MAX_CHARACTERS and not claim_form(request.db, nonce, now):
        return pages.signup(request, FormState(message=forms.SENT_TWICE), status=409)
    user_id = create_user(request.db, form, rounds=settings.bcrypt_rounds, pepper=settings.pepper, now=now)
    if user_id is None:
        taken = FormState(errors={"email": [forms.EMAIL_TAKEN]}, message=forms.NOT_CREATED)
        return pages.signup(request, taken, status=409)
    return _signed_in(request, user_id)


def login(request: Request) -> Response:
    """Sign in and go to /profile; or 401 with one message, the same whatever was wrong."""
    settings = request.settings
    user = authenticate(
        request.db,
        request.form.get("email", ""),
        request.form.get("password", ""),
        rounds=settings.bcrypt_rounds,
        pepper=settings.pepper,
    )
    if user is None:
        return pages.login(request, FormState(message=forms.WRONG_CREDENTIALS), status=401)
    return _signed_in(request, user.id)


def logout(request: Request) -> Response:
    """End the session, take the cookie back and go to /login. Works for whoever has no session, too."""
    token = request.cookies.get(SESSION_COOKIE)
    if token is not None:
        strategy(request.settings).delete(request.db, token, request.settings)
    response = see_other("/login")
    response.headers.add("Set-Cookie", session_cookie("", 0))
    return response


def end_device(request: Request) -> Response:
    """End one of the visitor's own sessions; 404 for one that is not theirs, as for one that is not there."""
    number = request.form.get("id", "")
    if not (number.isascii() and number.isdecimal() and dal.end_device(request, int(number[:18]))):
        dal.verify_session(request)
        raise NotFound
    return see_other("/devices")


def end_other_devices(request: Request) -> Response:
    """End all of the visitor's sessions but this one."""
    dal.end_other_devices(request)
    return see_other("/devices")


def _signed_in(request: Request, user_id: int) -> Response:
    """Begin a new session, whatever the browser came with, and end the one it had."""
    sessions, settings = strategy(request.settings), request.settings
    before = request.cookies.get(SESSION_COOKIE)
    if before is not None:
        sessions.delete(request.db, before, settings)
    token = sessions.create(request.db, user_id, device_name(request.user_agent.string), settings)
    response = see_other("/profile")
    response.headers.add("Set-Cookie", session_cookie(token, request.settings.session_lifetime_seconds))
    return response
