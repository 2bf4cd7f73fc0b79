"""The locks: every file is pinned by hash, and no line says where it comes from."""

import re
from pathlib import Path

import pytest

from authlab import bootstrap

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-hub.lock"]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_no_address_and_no_path_of_a_machine(name):
    text = (ROOT / name).read_text("utf-8")

    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links|-f|-e)\b", text, re.M)
    assert not re.search(r"(^|\s)(/|[A-Z]:\\|~)\w", text)


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash(name):
    text = (ROOT / name).read_text("utf-8")
    pins = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]

    assert len(pins) > 50
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_the_developers_lock_is_the_learners_with_additions():
    learners, developers = bootstrap.pins(dev=False), bootstrap.pins(dev=True)
    assert learners.items() <= developers.items()


@pytest.mark.parametrize("dev", [False, True])
def test_the_lock_has_every_direct_dependency_in_an_allowed_version(dev):
    pins = bootstrap.pins(dev=dev)
    for name, bounds in bootstrap.requirements(dev=dev):
        versions = pins[bootstrap.normalised(name)]
        assert all(bootstrap.allowed(version, bounds) for version in versions), name


def test_the_lock_serves_every_system():
    assert {"pywinpty", "colorama", "appnope", "pexpect"} <= bootstrap.pins().keys()


def test_what_the_set_up_and_the_tests_need_besides_is_in_the_lock():
    """The tool that installs the clone, and what shares its tests among the cores."""
    assert {"flit-core", "pytest-xdist"} <= bootstrap.pins().keys()
