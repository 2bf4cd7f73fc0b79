"""What a learner's kit calls: JSON in, JSON out, a key in the Authorization header. Errors are JSON, too."""

import json

from werkzeug.exceptions import Locked, UnsupportedMediaType
from werkzeug.wrappers import Response

from authlab.api import json_body
from authlab.classroom.board import dal
from authlab.classroom.board.dal import Reporter
from authlab.classroom.board.forms import validate_join, validate_reports
from authlab.forms import FormState
from authlab.request import Request


def join(request: Request) -> Response:
    """Take `{"code", "name"}` and return `{"key"}`: 403 for a wrong code, 423 while the board is closed."""
    form = validate_join(json_body(request))
    if isinstance(form, FormState):
        return _json({"errors": form.errors}, status=422)
    key = dal.join(request, form)
    if key is None:
        raise Locked
    return _json({"key": key})


def reports(request: Request) -> Response:
    """Take `{"reports": [...]}`, all or none; 423 while the board is closed.

    200 is an acknowledgement: they are on the disk, and the kit may forget them.
    """
    reporter = Reporter(request)
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    form = validate_reports(request.get_data())
    if isinstance(form, FormState):
        return _json({"errors": form.errors}, status=422)
    if not reporter.take(form.reports):
        raise Locked
    return _json({"taken": len(form.reports)})


def leave(request: Request) -> Response:
    """Forget the learner whose kit this is."""
    Reporter(request).leave()
    return _json({})


def _json(data: object, status: int = 200) -> Response:
    return Response(json.dumps(data), status=status, mimetype="application/json")
