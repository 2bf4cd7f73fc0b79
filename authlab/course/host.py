"""The process of a `RemoteApp`: mounts what it is told, then answers one request a line on its pipes.

It imports nothing of the app at its top: parts are mounted while their modules load.
"""

import base64
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any


def main() -> None:
    """Be the app's process: mount what the first line names, then answer a request a line."""
    from authlab.course import mounting
    from authlab.course.curriculum import exercises
    from authlab.course.parts import PARTS

    mounting.install({*PARTS, *(exercise.part for exercise in exercises())})
    say = _private_stdout()
    wanted = json.loads(sys.stdin.readline())
    from authlab.course.mounts import MountsError, mounts_for
    from authlab.lab.apps import LabApp

    try:
        mounts = mounts_for(wanted["flaw"], wanted["mine"], Path(wanted["folder"]), alone=wanted["alone"])
    except MountsError as error:
        say({"error": str(error)})
        return
    with mounting.mounted(mounts):
        app = LabApp(sessions=wanted["sessions"])
        page: Any = None
        say({"mounted": list(mounts)})
        for line in sys.stdin:
            question = json.loads(line)
            if question.get("view") == "called":
                say({"seen": [part for part in mounts if mounting.slot_of(part).calls]})
            elif "name" in question:
                page = app.as_page(question["name"], parts=mounts, flaw=wanted["flaw"] or "")
                say({})
            elif "view" in question:
                seen = getattr(app, question["view"])
                say({"seen": seen() if callable(seen) else seen})
            else:
                app.clock.now = question["now"]
                say(_answer(page if question["page"] else app, question))
        app.close()
    with suppress(OSError):  # its owner deletes it too, unless the owner died first
        os.rmdir(tempfile.gettempdir())


def _answer(app: Any, question: dict[str, Any]) -> dict[str, Any]:
    from werkzeug.test import run_wsgi_app

    from authlab.request import TRACE_KEY

    trace: list[tuple[str, str]] = []
    body = base64.b64decode(question["body"])
    environ = {
        **question["environ"],
        "wsgi.version": (1, 0),
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        TRACE_KEY: trace,
    }
    content, status, headers = run_wsgi_app(app, environ, buffered=True)
    return {
        "status": status,
        "headers": list(headers),
        "body": base64.b64encode(b"".join(content)).decode(),
        "trace": trace,
    }


def _private_stdout() -> Callable[[Mapping[str, Any]], None]:
    """Return a way to answer that a `print` in an answer cannot garble."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return lambda said: print(json.dumps(said), file=results, flush=True)


if __name__ == "__main__":
    main()
