"""Verdicts as JUnit's XML, which CI systems show beside the log. It holds no times: they differ each time."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

# What no XML may have, not even as a number.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_xml(suites: Iterable[tuple[str, Iterable[tuple[str, Mapping[str, Any]]]]]) -> str:
    """Return suites of test cases: of each the name, then title and verdict (as `check --json` has it)."""
    root = ElementTree.Element("testsuites")
    for name, cases in suites:
        suite = ElementTree.SubElement(root, "testsuite", name=_allowed(name))
        counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
        for title, verdict in cases:
            counts["tests"] += 1
            case = ElementTree.SubElement(
                suite, "testcase", classname=verdict["lesson"], name=_allowed(f"{verdict['id']} {title}")
            )
            kind = {"failed": "failure", "unattempted": "skipped", "passed": ""}.get(
                verdict["status"], "error"
            )
            if kind:
                counts[{"failure": "failures", "error": "errors"}.get(kind, kind)] += 1
                said = [check["message"] for check in verdict["checks"] if check["status"] != "passed"]
                first = next(iter("\n".join(said).splitlines()), verdict["status"])
                outcome = ElementTree.SubElement(case, kind, message=_allowed(first))
                if kind != "skipped":
                    outcome.text = _allowed("\n\n".join(said))
        for count, number in counts.items():
            suite.set(count, str(number))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
