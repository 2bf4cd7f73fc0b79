"""`dev setup` brings axe-core as well, by npm and its lock; whoever has no npm is told so and goes on."""

import json
import re
from pathlib import Path

import pytest

BROWSER_TESTS = Path(__file__).resolve().parents[1] / "browser"


def _axe(clone):
    return clone.root / ".authlab/node/node_modules/axe-core/axe.min.js"


def _npm_runs(clone):
    return [line for line in clone.log.read_text().splitlines() if line.startswith("npm")]


def test_dev_setup_installs_axe_core_from_the_lock(clone):
    done = clone.run("dev", "setup")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "Everything the kit's own tests need is installed.\n"
    assert _axe(clone).exists()
    (command,) = _npm_runs(clone)
    assert command.startswith("npm ci --ignore-scripts "), "`npm install` would choose versions by itself"


def test_axe_core_is_installed_once_for_each_lock(clone):
    clone.run("dev", "setup")
    clone.run("dev", "setup")
    assert len(_npm_runs(clone)) == 1

    lock = clone.root / "tests/browser/package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    clone.run("dev", "setup")
    assert len(_npm_runs(clone)) == 2


def test_a_learners_commands_do_without_axe_core(clone):
    assert clone.run("serve").returncode == 7
    assert _npm_runs(clone) == []


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("npm error code EINTEGRITY", "a downloaded file is not the one that the lock names"),
        ("npm error code ECONNREFUSED", "the package index cannot be reached (no network?)"),
        ("npm error code ENOSPC", "the disk is full"),
        ("the moon is full", "npm's packages: the moon is full"),
    ],
)
def test_when_npm_fails_nothing_half_done_is_believed(clone, words, cause):
    failed = clone.run("dev", "setup", FAKE_NPM_SAYS=words)

    assert failed.returncode == 2
    assert failed.stderr.splitlines()[-1] == (
        f"authlab: npm stopped: {cause}. Details: {clone.root / '.authlab/setup.log'}. "
        "Once that is mended, run: python3 -m authlab dev setup"
    )
    assert not (clone.root / ".authlab/node").exists()
    assert clone.run("dev", "setup").returncode == 0
    assert _axe(clone).exists()


def test_without_npm_one_line_says_what_to_install_and_the_rest_is_there(clone):
    (clone.bin / "npm").unlink()
    done = clone.run("dev", "setup", PATH=str(clone.bin))

    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "Everything but axe-core is installed: the accessibility tests need npm; "
        "install Node.js with npm, then run: python3 -m authlab dev setup\n"
    )


def test_the_npm_lock_pins_every_package_by_hash_and_names_no_address():
    """Written by: npm install --package-lock-only --omit-lockfile-registry-resolved"""
    text = (BROWSER_TESTS / "package-lock.json").read_text("utf-8")
    packages = {name: data for name, data in json.loads(text)["packages"].items() if name}

    assert "node_modules/axe-core" in packages
    assert [name for name, data in packages.items() if not data["integrity"].startswith("sha512-")] == []
    assert "://" not in text
    assert "resolved" not in text


def test_package_json_names_one_version_of_each_package():
    wanted = json.loads((BROWSER_TESTS / "package.json").read_text("utf-8"))["dependencies"]

    assert [version for version in wanted.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
