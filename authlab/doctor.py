"""What is wrong with a set-up, and the command that mends it; with the standard library alone.

The first cell of a lesson imports this module in whichever kernel the notebook was opened with, so
it loads on Pythons that are too old for the rest of the kit: everything else is imported late.
"""

import os
import sys
from typing import Callable, List, NamedTuple, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 11)
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
LOOPBACK = ("127.0.0.1", "localhost")
SHOWN = 5  # of a long list of packages; the rest is counted


class Problem(NamedTuple):
    """What is wrong, and what mends it, each in one line."""

    what: str
    mend: str


class SetupProblem(Exception):
    """A lesson cannot run in this set-up. A notebook shows it as plain lines, no traceback."""

    def __init__(self, found: List[Problem]) -> None:
        super().__init__(_lines(found))

    def _render_traceback_(self) -> List[str]:  # what IPython asks an exception for
        return str(self).splitlines()


def ready(lesson: str) -> None:
    """Print one line, the same everywhere, if `lesson` can run here; or raise SetupProblem.

    What a lesson gets by without, such as a proxy that would catch the loopback address, is a note.
    """
    results = checks()
    found = [problem for name, some in results if name in NEEDED for problem in some]
    if found:
        raise SetupProblem(found)
    for index, entry in enumerate(sys.path):
        if entry == "..":
            sys.path[index] = ROOT  # the way up stays right after a lesson changes its folder
    notes = [problem for name, some in results if name in NOTED for problem in some]
    if notes:
        print(_lines(notes))
    if "ipykernel" in sys.modules:
        from authlab.course.temporary import delete_at_the_end

        delete_at_the_end()
    print(f"Ready: {lesson}.")


def problems() -> List[Problem]:
    """Return everything that is wrong with this set-up; an empty list when all is well."""
    return [problem for _, found in checks() for problem in found]


def checks() -> List[Tuple[str, List[Problem]]]:
    """Return every check by name with what it found. After a Python that is too old, nothing else
    is checked: the rest of the kit cannot be read by it.
    """
    results = []
    for name, check in CHECKS:
        results.append((name, check()))
        if name == "Python" and results[0][1]:
            break
    return results


def _python() -> List[Problem]:
    if sys.version_info >= OLDEST:
        return []
    return [
        Problem(
            "this is Python {}.{}; the kit needs 3.11 or newer".format(*sys.version_info[:2]),
            "install a newer Python, then: python3.11 -m authlab lab",
        )
    ]


def _environment() -> List[Problem]:
    from authlab import bootstrap
    from authlab.cli import command_line

    here = bootstrap.HERE
    stands_on_it = here.is_running() and here.marker.exists()
    if not stands_on_it and not bootstrap.missing():
        return []  # another environment that has all: .venv is not needed
    reason = bootstrap.fault()
    if not reason:
        return []
    mend = command_line("lab")
    return [Problem(reason, f"end JupyterLab if it is open, then: {mend}" if stands_on_it else mend)]


def _packages() -> List[Problem]:
    from authlab import bootstrap
    from authlab.cli import command_line

    missing = bootstrap.missing()
    if not missing:
        return []
    if bootstrap.fault():
        mend = command_line("lab")
    elif "ipykernel" in sys.modules:
        mend = (
            f'in the menu: Kernel > Change Kernel > "Python 3 (ipykernel)"; if that is no other: '
            f"end JupyterLab, then: {command_line('lab')}"
        )
    else:
        mend = f"run it through the kit, which uses .venv: {command_line('lab')}"
    return [
        Problem(f"{sys.executable} is not the kit's Python; it lacks {_some(missing)}", mend),
    ]


def _versions() -> List[Problem]:
    import importlib.metadata

    from authlab import bootstrap
    from authlab.cli import command_line

    if bootstrap.missing():
        return []  # not the kit's environment: its versions say nothing
    pins = bootstrap.pins()
    others = []
    for package in importlib.metadata.distributions():
        wanted = pins.get(bootstrap.normalised(package.metadata["Name"] or ""))
        if wanted and package.version not in wanted:
            pinned = " or ".join(sorted(wanted))
            others.append(f"{package.metadata['Name']} {package.version} (lock: {pinned})")
    if not others:
        return []
    return [
        Problem(
            f"other versions than the lock's: {_some(sorted(others))}",
            f"{command_line('doctor')} --renew",
        )
    ]


def _proxy() -> List[Problem]:
    from urllib.request import getproxies_environment, proxy_bypass

    proxies = getproxies_environment()
    named = [name.upper() for name in PROXIES if proxies.get(name[: -len("_proxy")])]
    caught = [host for host in LOOPBACK if not proxy_bypass(host)]
    if not named or not caught:
        return []
    setting = "127.0.0.1,localhost"
    before = proxies.get("no", "")
    value = f"{before},{setting}" if before else setting
    mend = f"set NO_PROXY={value}" if sys.platform == "win32" else f'export NO_PROXY="{value}"'
    return [Problem(f"{' and '.join(named)} would catch requests to {' and '.join(caught)}", mend)]


def _writable() -> List[Problem]:
    import tempfile

    from authlab.cli import command_line

    for folder in (ROOT, os.path.join(ROOT, "exercises")):
        if not os.path.isdir(folder):
            continue
        try:
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            return [
                Problem(
                    f"nothing can be written in {folder}: {error.strerror}",
                    f"clone the kit into a folder of your own, then there: {command_line('lab')}",
                )
            ]
    return []


Check = Callable[[], List[Problem]]
CHECKS: List[Tuple[str, Check]] = [
    ("Python", _python),
    ("environment", _environment),
    ("packages", _packages),
    ("versions", _versions),
    ("proxy", _proxy),
    ("folder", _writable),
]
NEEDED = ("Python", "packages", "environment")  # without these no lesson runs
NOTED = ("proxy", "folder")


def _lines(found: List[Problem]) -> str:
    return "\n".join(f"Problem: {problem.what}.\n   Mend: {problem.mend}" for problem in found)


def _some(items: List[str]) -> str:
    rest = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
