"""What a form's POST does. That it came from a page of ours, `app` has decided before."""

import sqlite3
from contextlib import suppress

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from authlab.actions import logout, sign_in
from authlab.classroom.board import pages
from authlab.classroom.board.dal import Dal
from authlab.classroom.board.keys import user_of_key
from authlab.db import transaction
from authlab.errors import TooManyAttempts
from authlab.forms import FormState
from authlab.limits import RateLimiter
from authlab.request import Request
from authlab.responses import see_other

__all__ = ["close", "login", "logout", "remove", "renew_code", "reopen"]

WRONG_KEY = "This key opens nothing here. An instructor's is in the terminal, new at each start."


def login(request: Request) -> Response:
    """Sign in whose key this is, or 401 with one message, whatever is wrong with it."""
    settings = request.settings
    guesses, counted_by = RateLimiter(request.db, settings.logins_per_address), f"key {request.client_ip}"
    wait = guesses.hit(counted_by, settings.clock())
    if wait:
        raise TooManyAttempts(wait)
    user = user_of_key(request.db, request.form.get("key", ""))
    if user is not None:
        with suppress(sqlite3.IntegrityError), transaction(request.db):  # of one who was removed just now
            sign_in(request, user.id)
    if user is None or request.new_token is None:
        request.log("login refused")
        return pages.login(request, FormState(message=WRONG_KEY), status=401)
    guesses.forget(counted_by)
    request.log("logged in", user=user.id)
    return see_other("/dashboard")


# The instructor's. Each says 403 to learners.


def renew_code(request: Request) -> Response:
    """Replace the join code."""
    Dal(request).renew_code()
    return see_other("/dashboard")


def close(request: Request) -> Response:
    """Take no newcomers and no reports."""
    Dal(request).set_closed(True)
    return see_other("/dashboard")


def reopen(request: Request) -> Response:
    """Take them again."""
    Dal(request).set_closed(False)
    return see_other("/dashboard")


def remove(request: Request, user_id: int) -> Response:
    """Forget a learner."""
    if not Dal(request).remove(user_id):
        raise NotFound
    return see_other("/dashboard")
