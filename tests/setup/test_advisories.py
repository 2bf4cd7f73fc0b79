"""`python3 -m tests.compatibility.advisories`: the locks looked up in advisories, without a network."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from authlab import bootstrap
from authlab.course.places import ROOT
from tests.compatibility.advisories import within

WERKZEUG = max(bootstrap.pins()["werkzeug"])


def looked_up(*files: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.compatibility.advisories", *map(str, files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def advisory(name: str, ecosystem: str = "PyPI", **affected: Any) -> dict[str, Any]:
    return {
        "id": "MADE-UP-1",
        "aliases": ["CVE-0"],
        "summary": "made up",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, **affected}],
    }


def span(**events: str) -> list[dict[str, Any]]:
    return [{"type": "ECOSYSTEM", "events": [{kind: version} for kind, version in events.items()]}]


@pytest.mark.parametrize(
    ("made_up", "found"),
    [
        (advisory("Werkzeug", versions=[WERKZEUG]), f"werkzeug {WERKZEUG}"),
        (advisory("werkzeug", ranges=span(introduced="0", fixed="999")), f"werkzeug {WERKZEUG}"),
        (advisory("axe-core", "npm", ranges=span(introduced="4.0.0")), "axe-core 4."),
        (advisory("werkzeug", "npm", ranges=span(introduced="0")), ""),
        (advisory("werkzeug", ranges=span(introduced="0", fixed=WERKZEUG)), ""),
        (advisory("no-package-of-ours", ranges=span(introduced="0")), ""),
        ({**advisory("werkzeug", versions=[WERKZEUG]), "withdrawn": "2026-01-01T00:00:00Z"}, ""),
    ],
)
def test_an_advisory_about_a_pin_is_told_and_no_other(
    made_up: dict[str, Any], found: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.writestr("MADE-UP-1.json", json.dumps(made_up))
    done = looked_up(tmp_path / "all.zip")
    first, *rest = done.stdout.splitlines()
    if found:
        assert (done.returncode, len(rest)) == (1, 1)
        assert first.startswith(found)
        assert "MADE-UP-1 (CVE-0): made up" in first
    else:
        assert (done.returncode, rest) == (0, [])
        assert first.endswith("in 1 advisories: 0 found.")


def test_no_advisories_is_no_good_news(tmp_path: Path) -> None:
    done = looked_up(tmp_path)
    assert done.returncode == 2
    assert "expected advisories in the OSV format, found none" in done.stderr


@pytest.mark.parametrize(
    ("version", "is_within"),
    [
        ("0.9", False),
        ("1.0", True),
        ("1.5", True),
        ("2.0", False),
        ("3.0", True),
        ("3.2", True),
        ("3.3", False),
    ],
)
def test_a_range_has_a_first_and_a_last(version: str, is_within: bool) -> None:
    """Fixed in 2.0; introduced again in 3.0, and 3.2 is the last that is affected."""
    events = [{"introduced": "3.0"}, {"last_affected": "3.2"}, {"introduced": "1.0"}, {"fixed": "2.0"}]
    assert within(version, events) == is_within
