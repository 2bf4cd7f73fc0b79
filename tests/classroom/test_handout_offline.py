"""`class handout --offline`: what the lock names for the learners' machines, and nothing else."""

import sys
from pathlib import Path

import pytest

from authlab.classroom import offline
from authlab.classroom.offline import LOCK, PYTHONS, SYSTEMS, OfflineError, fetch_wheels, pins_for

# Stands in for pip: "downloads" a file for each pin, and notes how it was called.
PIP = """
import pathlib, re, sys
here = pathlib.Path(sys.argv[0]).parent
with (here / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
if (here / "says").exists():
    sys.exit((here / "says").read_text())
folder = pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
for name, version in re.findall(r"^([\\w.-]+)==(\\S+)", pathlib.Path(sys.argv[-1]).read_text(), re.M):
    (folder / f"{name}-{version}.whl").write_text(name)
"""
# sha256 of what that pip writes.
ALPHA, BETA = (
    "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8",
    "f44e64e75f3948e9f73f8dfa94721c4ce8cbb4f265c4790c702b2d41cfbf2753",
)
FAKE_LOCK = f"""\
# A comment
alpha==1.0 \\
    --hash=sha256:{"0" * 64} \\
    --hash=sha256:{ALPHA}
beta==2.0 ; sys_platform == 'win32' and python_full_version < '3.12' \\
    --hash=sha256:{BETA}
beta==2.1 ; python_full_version >= '3.11.5' and python_version < '3.12' \\
    --hash=sha256:{BETA}
"""


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pip in it, its calls, and a lock."""
    (tmp_path / "pip.py").write_text(PIP)
    (tmp_path / "lock").write_text(FAKE_LOCK)
    monkeypatch.setattr(offline, "_pip", lambda folder: [sys.executable, "-S", str(tmp_path / "pip.py")])
    return tmp_path


def fetched(pip: Path, systems: list[str], pythons: list[str]) -> list[str]:
    return [file.name for file in fetch_wheels(systems, pythons, pip / "to" / "wheels", pip / "lock")]


def test_a_condition_is_read_for_the_learners_machine_and_not_for_this_one(pip: Path) -> None:
    assert fetched(pip, ["windows"], ["3.12"]) == ["alpha-1.0.whl"]
    assert fetched(pip, ["windows"], ["3.11"]) == ["alpha-1.0.whl", "beta-2.0.whl", "beta-2.1.whl"]


def test_an_old_and_a_new_python_of_one_number_both_find_their_packages(pip: Path) -> None:
    """3.11.2 and 3.11.9 may need two versions of a package: one file for each."""
    assert fetched(pip, ["linux"], ["3.11"]) == ["alpha-1.0.whl", "beta-2.1.whl"]
    calls = (pip / "calls").read_text().splitlines()
    assert ["--python-version 3.11.0" in calls[0], "--python-version 3.11.99" in calls[1]] == [True, True]
    assert len(calls) == 2


def test_only_what_the_lock_names_is_fetched_hash_by_hash_and_for_that_system(pip: Path) -> None:
    fetched(pip, ["mac"], ["3.12"])
    call = (pip / "calls").read_text()
    assert len(call.splitlines()) == 1
    assert "--require-hashes --only-binary :all:" in call
    assert "--no-deps" in call
    assert "--platform macosx_11_0_arm64" in call
    assert "linux" not in call.partition("--dest")[0]


def test_a_file_that_the_lock_does_not_name_is_refused(pip: Path) -> None:
    (pip / "lock").write_text(FAKE_LOCK.replace(ALPHA, "1" * 64))
    with pytest.raises(OfflineError, match=r"expected only what the lock names, got alpha-1\.0\.whl"):
        fetched(pip, ["linux"], ["3.12"])


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("NewConnectionError\nERROR: No matching distribution found for alpha", "index cannot be reached"),
        ("ERROR: No matching distribution found for alpha", "no ready-made build"),
        ("ERROR: something else", "something else"),
        ("", "pip says nothing"),
    ],
)
def test_why_there_are_no_packages_is_said_in_one_line(pip: Path, says: str, told: str) -> None:
    (pip / "says").write_text(says)
    with pytest.raises(OfflineError, match=told) as refused:
        fetched(pip, ["linux"], ["3.12"])
    assert "the packages for linux, Python 3.12" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_kits_own_lock_can_be_read_for_each_machine(system: str, python: str) -> None:
    pins = pins_for(LOCK, SYSTEMS[system], f"{python}.99")
    names = [pin.partition("==")[0] for pin in pins]
    assert len(names) == len(set(names)) > 90
    assert ("pywinpty" in names, "appnope" in names) == (system == "windows", system == "mac")
    assert all("--hash=sha256:" in pin and ";" not in pin for pin in pins)


def test_an_environment_without_pip_gets_one_for_the_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv makes environments without it."""
    made: list[tuple[Path, bool]] = []
    monkeypatch.setattr(offline, "find_spec", lambda name: None if name == "pip" else object())
    monkeypatch.setattr(offline.venv, "create", lambda folder, with_pip: made.append((folder, with_pip)))
    command = offline._pip(tmp_path)
    assert made == [(tmp_path / "pip", True)]
    assert command[0].startswith(str(tmp_path / "pip"))
    assert command[1:] == ["-m", "pip"]
    monkeypatch.setattr(offline, "find_spec", lambda name: None)
    with pytest.raises(OfflineError, match="expected pip, found none"):
        offline._pip(tmp_path)
