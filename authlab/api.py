"""JSON for the pages' own scripts."""

import json

from werkzeug.wrappers import Response

from authlab import forms
from authlab.accounts import email_is_free
from authlab.request import Request


def signup_available(request: Request) -> Response:
    """Say whether an e-mail can still be signed up: `{"available": true}`; 422 for what is no address.

    It tells anyone who asks whether an address has an account. Sign-up itself says so too, since it
    signs the visitor in; here it is only quicker.
    """
    email = forms.canonical_email(request.args.get("email", ""))
    if email is None:
        return _json({"errors": {"email": [forms.EMAIL_INVALID]}}, status=422)
    return _json({"available": email_is_free(request.db, email)})


def _json(data: object, status: int = 200) -> Response:
    return Response(json.dumps(data), status=status, mimetype="application/json")
