"""Looks up all locks in advisories on this disk: `python3 -m tests.compatibility.advisories FILES ...`.

A file is a zip of advisories in the OSV format, as OSV offers one for each ecosystem (`PyPI`, `npm`), or one
advisory as JSON, or a folder of them. Nothing is fetched. Every pin of the three Python locks and of both npm
locks is looked up; a line is printed for each that an advisory is about. An advisory that was withdrawn is
none.
"""

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from authlab import bootstrap
from authlab.course.places import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-hub.lock")
NPM_LOCKS = ("tests/browser/package-lock.json", "authlab/classroom/hub_folder/package-lock.json")
Pins = dict[tuple[str, str], set[str]]  # (ecosystem, name) -> versions


def main() -> int:
    """Return 1 if an advisory is about a pin, 2 if there was no advisory to look into."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.compatibility.advisories", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("files", nargs="+", type=Path, help="a zip, a JSON file, or a folder of them")
    args = parser.parse_args()
    pins, read, told = all_pins(), 0, 0
    for advisory in advisories(args.files):
        read += 1
        for line in about(advisory, pins):
            told += 1
            print(line)
    if not read:
        parser.error("expected advisories in the OSV format, found none; give a zip that OSV offers")
    print(f"{len(pins)} packages looked up in {read} advisories: {told} found.")
    return 1 if told else 0


def all_pins() -> Pins:
    """Return all that the locks pin."""
    pins: Pins = {}
    for lock in LOCKS:
        for name, versions in bootstrap.pins_of(ROOT / lock).items():
            pins.setdefault(("PyPI", name), set()).update(versions)
    for lock in NPM_LOCKS:
        for path, package in json.loads((ROOT / lock).read_text("utf-8"))["packages"].items():
            if path:
                name = path.rpartition("node_modules/")[2]
                pins.setdefault(("npm", name), set()).add(package["version"])
    return pins


def advisories(files: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    """Read every advisory in zips, folders and JSON files."""
    for file in files:
        if file.is_dir():
            yield from advisories(sorted(file.glob("*.json")))
        elif zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as packed:
                for name in packed.namelist():
                    if name.endswith(".json"):
                        yield json.loads(packed.read(name))
        else:
            yield json.loads(file.read_text("utf-8"))


def about(advisory: Mapping[str, Any], pins: Pins) -> Iterator[str]:
    """Return a line for each pin that an advisory is about."""
    if "withdrawn" in advisory:
        return
    for affected in advisory.get("affected", []):
        package = affected.get("package", {})
        ecosystem, name = package.get("ecosystem", ""), package.get("name", "")
        key = (ecosystem, bootstrap.normalised(name) if ecosystem == "PyPI" else name)
        for version in sorted(pins.get(key, ())):
            if version in affected.get("versions", ()) or any(
                within(version, span.get("events", []))
                for span in affected.get("ranges", [])
                if span.get("type") in ("ECOSYSTEM", "SEMVER")
            ):
                aliases = ", ".join(advisory.get("aliases", []))
                called = f"{advisory['id']} ({aliases})" if aliases else advisory["id"]
                yield f"{key[1]} {version}: {called}: {advisory.get('summary', 'see the advisory')}"


def within(version: str, events: Iterable[Mapping[str, str]]) -> bool:
    """Return whether a version lies between an `introduced` and its `fixed` or `last_affected`."""
    mine = Version(version)
    steps = []
    for event in events:
        for kind, at in event.items():
            if kind in ("introduced", "fixed", "last_affected"):
                steps.append((_version(at), kind))
    inside = False
    for at, kind in sorted(steps):
        if kind == "introduced" and at <= mine:
            inside = True
        elif (kind == "fixed" and at <= mine) or (kind == "last_affected" and at < mine):
            inside = False
    return inside


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:  # npm's 1.0.0-something-else; what is before the hyphen errs towards a warning
        found = re.match(r"\d+(\.\d+)*", text)
        return Version(found[0] if found else "0")


if __name__ == "__main__":
    sys.exit(main())
