"""What is run behind the fences in a whole: `python visits.py attacks|notebook|serve|watch|lab [...]`.

A server is reached from where it is, so each starts, asks and ends here. Prints what the tests compare.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KIT = [sys.executable, "-m", "authlab"]
SECRET = "YSBrZXkgZm9yIHRlc3RzLCBrbm93biB0byBhbGwhISE="
PEPPER = "YSBwZXBwZXIgZm9yIHRlc3RzLCBrbm93biB0b28hISE="
WAIT_SECONDS = 60


def main() -> None:
    """Do what the first argument names."""
    visits = {"attacks": attacks, "notebook": notebook, "serve": serve, "watch": watch, "lab": lab}
    visits[sys.argv[1]](*sys.argv[2:])


def attacks(flaw: str, *numbers: str) -> None:
    """Try attacks on the app and on a wrong part, each in a judge's child, as `audit` does."""
    from authlab.course import bank
    from authlab.course.audit import audit, flaw_to_audit
    from authlab.course.engine import Engine

    few = [known for known in bank.all_attacks() if str(known.number) in numbers]
    with Engine() as engine:
        for wrong in (None, flaw_to_audit(flaw)):
            outcomes = {
                found.attack.number: found.outcome for found in audit(engine, flaw=wrong, attacks=few)
            }
            print(", ".join(f"{number}: {outcomes[number]}" for number in sorted(outcomes)))


def notebook(path: str) -> None:
    """Run a lesson with the kit's own answers; print the number of outputs and what ended in an error."""
    from authlab.course.notebooks import rerun
    from authlab.course.places import SOLUTIONS

    outputs = [output for cell in rerun(Path(path), SOLUTIONS).cells for output in cell.get("outputs", [])]
    print(len(outputs) > 10, [output.ename for output in outputs if output.output_type == "error"])


def serve() -> None:
    """Print what `serve` answers to a visitor."""
    secrets = {"SESSION_SECRET": SECRET, "PASSWORD_PEPPER": PEPPER}
    with started(
        ["serve", "--port", "0", "--database", "app.sqlite"], r"http://([a-z.]+:(\d+))/", **secrets
    ) as found:
        print(status(f"http://127.0.0.1:{found[2]}/", {"Host": found[1]}))


def watch() -> None:
    """Print the first line of `watch`, which without a terminal prints one verdict after another."""
    with started(["watch", "0.1"], "0.1 ") as found:
        print(found.string.strip())


def lab() -> None:
    """Print what JupyterLab answers for its page, and where that asks for a newer version and for news."""
    with started(["lab", "--no-browser"], r"(http://127\.0\.0\.1:\d+)/.*token=(\S+)") as found:
        wanted = {"Authorization": f"token {found[2]}"}
        print(*(status(found[1] + page, wanted) for page in ("/lab", "/lab/api/update", "/lab/api/news")))


@contextmanager
def started(arguments: list[str], until: str, **environment: str) -> Iterator[re.Match[str]]:
    """Lend a command that is running, as the first line of its output that matches; then end it."""
    process = subprocess.Popen(
        [*KIT, *arguments], stdout=subprocess.PIPE, encoding="utf-8", env={**os.environ, **environment}
    )
    assert process.stdout is not None
    try:
        found = next(filter(None, (re.search(until, line) for line in process.stdout)), None)
        if found is None:
            raise SystemExit(f"{arguments} ended with status {process.wait()}")
        yield found
    finally:
        process.terminate()
        process.communicate(timeout=WAIT_SECONDS)


def status(url: str, headers: dict[str, str]) -> int:
    """Return the status of an answer, without a proxy."""
    import requests

    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=WAIT_SECONDS).status_code


if __name__ == "__main__":
    main()
