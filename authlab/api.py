"""JSON for scripts: the pages' own, and others'. Errors are JSON too: 401, 403, 404 (see `app`)."""

import json

from werkzeug.exceptions import NotFound, UnprocessableEntity, UnsupportedMediaType
from werkzeug.wrappers import Response

from authlab import dal, forms
from authlab.accounts import email_is_free
from authlab.dal import Dal
from authlab.dto import DTO, bootstrap
from authlab.errors import TooManyAttempts
from authlab.forms import FormState
from authlab.limits import RateLimiter
from authlab.request import Request


def signup_available(request: Request) -> Response:
    """Say whether an e-mail can still be signed up: `{"available": true}`; 422 for what is no address.

    It tells anyone who asks whether an address has an account. Sign-up itself says so too, since it signs
    the visitor in; here it would be quicker, so here is a limit: who asks too often gets a 429. It slows a
    harvest down, and does not end it (attack 13).
    """
    email = forms.canonical_email(request.args.get("email", ""))
    if email is None:
        return _json({"errors": {"email": [forms.EMAIL_INVALID]}}, status=422)
    limiter = RateLimiter(request.db, request.settings.lookups_per_address)
    wait = limiter.hit(f"lookup {request.client_ip}", request.settings.clock())
    if wait:
        raise TooManyAttempts(wait)
    return _json({"available": email_is_free(request.db, email)})


def session(request: Request) -> Response:
    """Say who is signed in, or `{"user": null}`: what a page's scripts ask to hear of a logout elsewhere.

    Asking is no use of the session: a page that is left open would otherwise keep it alive for ever.
    """
    return Response(bootstrap(dal.get_user_or_none(request)), mimetype="application/json")


def me(request: Request) -> Response:
    """Return the visitor's own account."""
    return _dto(dal.get_user(request))


def set_own_phone(request: Request) -> Response:
    """Change the visitor's own phone number: `{"phone": "..."}`, null for none; 422 with errors by field."""
    own, body = dal.get_user(request), json_body(request)
    if "phone" not in body:  # what was left out is not to be deleted
        raise UnprocessableEntity
    form = forms.validate_profile(body)
    if isinstance(form, FormState):
        return _json({"errors": form.errors}, status=422)
    Dal(request).set_phone(own.username, form.phone)
    return _json({"phone": form.phone})


def user(request: Request, user_id: int) -> Response:
    """Return an account to its owner or an admin; 404 for everybody else, as if it were not there."""
    found = Dal(request).user(user_id)
    if found is None:
        raise NotFound
    return _dto(found)


def users(request: Request) -> Response:
    """Return all accounts, to admins: 401 for nobody, 403 for other members.

    Source: the guide's route handlers.
    """
    return _json({"users": [account.model_dump() for account in Dal(request).accounts()]})


def json_body(request: Request) -> dict[str, str | None]:
    """Return the fields of a JSON object of texts and nulls; 415 for another type of body, 422 for bad JSON.

    Another site's form can send any text as `text/plain` without asking first; `application/json` makes its
    browser ask (CORS preflight), and we never say yes.

    Source: ASVS 3.5.2; the Fetch standard, "CORS-safelisted request-header".
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        sent = json.loads(request.get_data(as_text=False))
    except (ValueError, RecursionError):
        raise UnprocessableEntity from None
    if not isinstance(sent, dict) or not all(
        value is None or isinstance(value, str) for value in sent.values()
    ):
        raise UnprocessableEntity
    return sent


def _dto(data: DTO) -> Response:
    return _json(data.model_dump())


def _json(data: object, status: int = 200) -> Response:
    return Response(json.dumps(data), status=status, mimetype="application/json")
