"""The set-up: what is found is used, what is whole is believed, what is half is made again."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from authlab import bootstrap, installer
from authlab.bootstrap import Clone

ROOT = Path(__file__).resolve().parents[2]


def test_a_first_run_makes_the_environment_and_goes_on_in_it(clone):
    first = clone.run("serve", "--one", "two words")

    assert first.returncode == 7
    assert first.stdout == f"ran in {clone.venv} ['--one', 'two words']\n"
    assert "setting up .venv" in first.stderr


def test_a_second_run_installs_nothing_and_says_nothing(clone):
    clone.run("serve")
    second = clone.run("serve")

    assert second.returncode == 7
    assert second.stderr == ""
    assert clone.installations() == 1


def test_the_lock_is_installed_with_hashes_and_wheels_only(clone):
    clone.run("serve")

    packages, itself = (line for line in clone.log.read_text().splitlines() if line.startswith("uv pip"))
    assert "--require-hashes" in packages
    assert "--only-binary :all:" in packages
    assert packages.endswith("requirements.lock")
    assert "--no-deps --no-build-isolation --editable" in itself


def test_a_light_command_installs_nothing(clone):
    doctor = clone.run("doctor")

    assert doctor.returncode == 1
    assert "there is no .venv yet" not in doctor.stderr
    assert not clone.venv.exists()


def test_bad_arguments_are_refused_before_anything_is_installed(clone):
    refused = clone.run("sevre")

    assert refused.returncode == 2
    assert "did you mean: python3 -m authlab serve" in refused.stderr
    assert not clone.venv.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_set_up_is_made_again_never_believed(clone, number):
    process = clone.start("serve", FAKE_UV_HANGS="yes")
    _wait_for(clone.venv / "half")
    process.send_signal(number)
    process.communicate(timeout=30)
    if number == signal.SIGKILL:
        _end_orphan(clone)

    assert not clone.stamp.exists()
    again = clone.run("serve")
    assert again.returncode == 7
    assert "was not finished" in again.stderr
    assert not (clone.venv / "half").exists(), "the half-done folder was kept"


def test_after_a_kill_the_next_run_waits_for_the_installer_that_still_writes(clone):
    process = clone.start("serve", FAKE_UV_HANGS="yes")
    _wait_for(clone.venv / "half")
    process.kill()
    process.communicate()
    second = clone.start("serve")

    assert "another set-up of this clone is at work" in _first_line(second)
    assert (clone.venv / "half").exists(), "it began to delete what another process writes"
    _end_orphan(clone)
    assert second.communicate(timeout=60)[0].startswith("ran in")


def test_of_two_first_runs_one_installs_and_the_other_waits(clone):
    first = clone.start("serve", FAKE_UV_HANGS="yes")
    _wait_for(clone.venv / "half")
    second = clone.start("serve")
    assert "another set-up of this clone is at work" in _first_line(second)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)

    assert second.communicate(timeout=60)[0].startswith("ran in")
    assert clone.installations() == 1


def test_two_whole_first_runs_install_once(clone):
    runs = [clone.start("serve"), clone.start("serve")]
    answers = [run.communicate(timeout=60)[0] for run in runs]

    assert all(answer.startswith(f"ran in {clone.venv}") for answer in answers)
    assert clone.installations() == 1


def _changed_lock(clone):
    (clone.root / "requirements.lock").write_text("authlab-fake==1.3\n")


def _lost_stamp(clone):
    clone.stamp.unlink()


def _torn_stamp(clone):
    clone.stamp.write_text(clone.stamp.read_text()[:20])


def _other_python(clone):
    stamp = json.loads(clone.stamp.read_text())
    clone.stamp.write_text(json.dumps({**stamp, "python": "3.10"}))


def _broken_python(clone):
    python = clone.venv / "bin/python"
    python.unlink()
    python.write_text("#!/bin/sh\nexit 127\n")
    python.chmod(0o755)


def _no_python(clone):
    (clone.venv / "bin/python").unlink()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_changed_lock, "the lock has changed"),
        (_lost_stamp, "was not finished"),
        (_torn_stamp, "was not finished"),
        (_other_python, "is gone or another one"),
        (_broken_python, "is gone or another one"),
        (_no_python, "is gone or another one"),
    ],
)
def test_an_environment_that_does_not_hold_is_remade(clone, spoil, reason):
    clone.run("serve")
    spoil(clone)
    again = clone.run("serve")

    assert again.returncode == 7
    assert reason in again.stderr
    assert clone.installations() == 2


def test_a_moved_clone_gets_its_environment_anew(clone):
    clone.run("serve")
    clone.root = clone.root.rename(clone.root.with_name("moved"))
    clone.venv = clone.root / ".venv"
    again = clone.run("serve")

    assert "the folder was moved" in again.stderr
    assert again.stdout.startswith(f"ran in {clone.venv}")


def test_a_lost_stamp_is_mended_from_inside_the_environment_too(clone):
    clone.run("serve")
    _lost_stamp(clone)
    inside = clone.venv / "bin/python"
    again = _run_with(clone, inside, "serve")

    made_from = clone.log.read_text().rsplit("--allow-existing --python ", 1)[1]
    assert not made_from.startswith(str(inside)), "it would stand on the Python that it replaces"
    assert again.stdout == f"ran in {clone.venv} []\n"
    assert clone.installations() == 2


def test_someone_elses_environment_is_refused_and_kept(clone):
    clone.venv.mkdir()
    precious = clone.venv / "precious"
    precious.touch()
    refused = clone.run("serve")

    assert refused.returncode == 2
    assert "was not made by authlab" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert precious.exists()


def test_someone_elses_environment_with_the_packages_is_used(clone):
    clone.run("serve")
    clone.stamp.unlink()
    (clone.venv / "authlab-made-this").unlink()
    answer = clone.run("serve")

    assert answer.stdout.startswith(f"ran in {clone.venv}")
    assert clone.installations() == 1


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("error: dns error: failed to lookup address", "cannot be reached"),
        ("Cannot connect to proxy.", "the proxy refused"),
        ("Hash mismatch for bcrypt", "not the one that the lock names"),
        ("No space left on device", "the disk is full"),
        ("the moon is full", "the moon is full"),
    ],
)
def test_a_failed_installation_is_one_line_with_its_cause(clone, words, cause):
    # No venv module on this Python, as on a bare Debian: uv is the only way.
    _without_venv_module(clone)
    failed = clone.run("serve", FAKE_UV_SAYS=words)

    line = failed.stderr.splitlines()[-1]
    assert failed.returncode == 2
    assert cause in line
    assert "setup.log" in line
    assert line.endswith("python3 -m authlab lab")
    assert "Traceback" not in failed.stderr


def test_without_uv_and_the_venv_module_it_says_what_to_install(clone):
    (clone.bin / "uv").unlink()
    (clone.bin / "apt-get").symlink_to("/bin/true")
    _without_venv_module(clone)
    failed = clone.run("serve", PATH=str(clone.bin))

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert failed.returncode == 2
    assert f"sudo apt install python{version}-venv" in failed.stderr


def test_a_developers_environment_serves_learners_and_stays_one(clone):
    (clone.root / "authlab/cli/dev.py").write_text(
        "from authlab import bootstrap\n"
        "def add_arguments(parser): pass\n"
        "def run(args): bootstrap.ensure(dev=True); return 0\n"
    )
    assert clone.run("dev").returncode == 0
    assert clone.run("serve").stderr == "", "a learner's command did not accept it"
    (clone.root / "requirements-dev.lock").write_text("authlab-fake==1.3\n")
    clone.run("serve")
    assert json.loads(clone.stamp.read_text())["dev"] is True


def test_the_second_process_leaves_no_mark_for_the_commands_it_starts(clone):
    (clone.root / "authlab/cli/serve.py").write_text(
        "import os\n"
        "def add_arguments(parser): pass\n"
        "def run(args): print([k for k in os.environ if k.startswith('AUTHLAB')]); return 0\n"
    )
    assert clone.run("serve").stdout == "[]\n"


def test_a_folder_without_a_pyproject_is_no_clone(clone):
    (clone.root / "pyproject.toml").unlink()
    refused = clone.run("serve")

    assert refused.returncode == 2
    assert "expected a clone of the kit" in refused.stderr


@pytest.mark.parametrize(
    ("version", "bounds", "is_allowed"),
    [
        ("1.2", ">=1.2,<2", True),
        ("1.2.0", ">=1.2,<2", True),
        ("1.10", ">=1.9,<2", True),
        ("1.1.9", ">=1.2,<2", False),
        ("2.0", ">=1.2,<2", False),
        ("5", ">=5.0,<6", True),
        ("2.33.0.20261030", ">=2.32,<3", True),
        ("", ">=1,<2", False),
    ],
)
def test_bounds_include_the_lowest_and_exclude_the_next(version, bounds, is_allowed):
    assert bootstrap.allowed(version, bounds) is is_allowed


def test_bounds_of_another_shape_are_refused_not_guessed_at():
    with pytest.raises(ValueError, match="expected bounds like"):
        bootstrap.allowed("1.0", "~=1.0")


def test_installers_are_not_led_astray_by_the_environment():
    assert {"PIP_TARGET", "PIP_USER", "PYTHONPATH", "PYTHONHOME"} <= set(installer.ASTRAY)


def test_pins_lists_both_versions_of_a_package_that_has_two(tmp_path):
    (tmp_path / "requirements.lock").write_text(
        "Soup_Sieve==2.10 ; python_full_version < '3.11.5' \\\n    --hash=sha256:00\n"
        "soup-sieve==4.1 ; python_full_version >= '3.11.5' \\\n    --hash=sha256:11\n"
    )
    assert bootstrap.pins(Clone(tmp_path)) == {"soup-sieve": {"2.10", "4.1"}}


def _without_venv_module(clone) -> None:
    source = clone.root / "authlab/bootstrap.py"
    text = source.read_text("utf-8")
    found = 'importlib.util.find_spec("ensurepip")'
    assert found in text
    source.write_text(text.replace(found, "None"), "utf-8")


def _run_with(clone, python: Path, *arguments: str):
    original, sys.executable = sys.executable, str(python)
    try:
        return clone.run(*arguments)
    finally:
        sys.executable = original


def _wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{path.name} never came")


def _first_line(process) -> str:
    return process.stderr.readline()


def _end_orphan(clone) -> None:
    """End the fake uv that outlived its killed parent."""
    os.kill(int((clone.venv / "half").read_text()), signal.SIGKILL)
