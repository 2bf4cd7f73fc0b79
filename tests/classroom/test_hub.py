"""The hub's folder: what is in it, who may read it, what a second run keeps, and what is refused."""

import argparse
import csv
import functools
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from authlab.classroom import hub, hub_start, seat, seat_left
from authlab.classroom.handout import Tree
from authlab.classroom.hub import HubError, fault_of, write
from authlab.classroom.roster import Roster, RosterError, Seat, read_roster
from authlab.cli import UsageError, class_hub
from authlab.course.places import ROOT
from tests.classroom.handing_out import commit, committed_kit, git
from tests.classroom.test_own_exercises import write_own
from tests.cli.typed import authlab

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="JupyterHub does not run on Windows")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instructor's clone, with a lesson of their own, answers and notes."""
    made = committed_kit(tmp_path_factory.mktemp("clone") / "kit")
    write_own(made)
    (made / "exercises/lesson_01_forms.py").write_text("# my answers\n")
    (made / "exercises/notes.txt").write_text("ask Grace again\n")
    return made


@pytest.fixture(scope="module")
def folder(clone: Path) -> Path:
    """A hub's folder as it is first written, to look at."""
    names, made = clone.parent / "names.txt", clone.parent / "class"
    names.write_text("ada\ngrace\n")
    written = authlab(clone, "class", "hub", str(made), "--learners", str(names), AUTHLAB_OWN="on")
    assert written.returncode == 0, written.stderr
    return made


@pytest.fixture
def roster() -> Roster:
    return Roster("127.0.0.1", 8000, "", "", {})


@pytest.fixture
def kits_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a learner's kit takes a second and a clean clone, and is beside the point of most tests."""
    monkeypatch.setattr(hub, "learners_tree", lambda *_, **__: Tree("", 0, {"README.md": b""}))


def passwords(folder: Path) -> dict[str, str]:
    with (folder / "passwords.csv").open(newline="") as lines:
        return dict(list(csv.reader(lines))[1:])


def typed(*arguments: str) -> int:
    """Type `authlab class hub ARGUMENTS`."""
    parser = argparse.ArgumentParser()
    class_hub.add_arguments(parser)
    return class_hub.run(parser.parse_args(arguments))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- the folder ------------------------------------------------------------------------------


def test_each_name_has_a_seat_and_a_password_that_opens_it(folder: Path) -> None:
    kept, given = read_roster(folder / "class.json"), passwords(folder)

    assert set(given) == {"instructor", "ada", "grace"}
    for name, password in given.items():
        assert kept.admits(name, password)
        assert kept.admits(name, f" {password.upper()} "), "capitals and spaces are how people type"
    assert not kept.admits("ada", given["grace"])
    assert not kept.admits("ada", "")
    assert not kept.admits("nobody", given["ada"])
    assert len({seat.number for seat in kept.seats.values()}) == 3


def test_a_seat_without_a_password_lets_nobody_in(roster: Roster) -> None:
    roster.seats["ada"] = Seat(60_600, "")
    assert not roster.admits("ada", "")


def test_what_is_secret_is_the_owners_and_what_learners_need_is_everybodys(folder: Path) -> None:
    for name in ("class.json", "passwords.csv"):
        assert mode(folder / name) == 0o600
    assert mode(folder / "state") == 0o700
    text = (folder / "class.json").read_text()
    assert not any(password in text for password in passwords(folder).values())
    assert mode(folder / "start") == 0o755
    for path in (folder / "kit").rglob("*"):
        assert mode(path) & 0o044 == 0o044, path
        assert not mode(path) & 0o022, path


def test_the_umask_of_the_instructor_does_not_lock_learners_out(clone: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path / "class", [], root=clone)
    finally:
        os.umask(before)
    for name in (".", "kit", "kit/notebooks/lesson_00_start_here.ipynb", "jupyter/labconfig"):
        assert mode(tmp_path / "class" / name) & 0o004, name


def test_the_kit_that_is_handed_out_is_fresh_and_can_be_checked(folder: Path) -> None:
    """Nothing of what an instructor has solved, run or kept; and a learner's `check` works in it."""
    kit = folder / "kit"
    assert not [path for path in (".env", ".git", ".authlab", ".venv", "solutions") if (kit / path).exists()]
    judged = authlab(kit, "check", "1.2", "--json")

    (verdict,) = json.loads(judged.stdout)["exercises"]
    assert verdict["status"] == "unattempted", judged.stderr


def test_an_instructors_own_answers_and_notes_stay_at_home(folder: Path) -> None:
    assert "my answers" not in (folder / "kit/exercises/lesson_01_forms.py").read_text("utf-8")
    assert not (folder / "kit/exercises/notes.txt").exists()


def test_an_instructors_own_lessons_are_in_it(folder: Path) -> None:
    judged = authlab(folder / "kit", "check", "50.1", "--json", AUTHLAB_OWN="on")
    (verdict,) = json.loads(judged.stdout)["exercises"]
    assert verdict["status"] == "unattempted", judged.stderr


def test_it_is_a_learners_copy_as_a_handout_is(folder: Path) -> None:
    assert "there is nothing to set up" in (folder / "kit/HANDOUT.md").read_text("utf-8")
    assert "expected a clone of the kit" in authlab(folder / "kit", "dev", "build").stderr


def test_a_hub_is_written_from_a_clean_clone(clone: Path, tmp_path: Path) -> None:
    """Questions and checks of two different kits would not fit; and an edited one is nobody's to look at."""
    git(tmp_path, "clone", "-q", str(clone), "clone")
    (tmp_path / "clone/authlab/forms.py").write_text("# half an idea\n")
    refused = authlab(tmp_path / "clone", "class", "hub", str(tmp_path / "class"))
    assert refused.returncode == 2
    assert "expected the kit as it was committed, got edits in authlab/forms.py" in refused.stderr
    assert not (tmp_path / "class").exists()


def test_a_leak_is_told_and_no_hub_is_written(clone: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(clone), "clone")
    (tmp_path / "clone/key.pem").write_text("-----BEGIN PRIVATE KEY-----\nMIIB\n")
    commit(tmp_path / "clone")
    refused = authlab(tmp_path / "clone", "class", "hub", str(tmp_path / "class"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("key.pem: ")
    assert "then run: python3 -m authlab class hub" in refused.stderr
    assert not (tmp_path / "class").exists()


def test_the_folder_installs_what_the_locks_pin(folder: Path) -> None:
    assert (folder / hub.LOCK).read_bytes() == (ROOT / hub.LOCK).read_bytes()
    wanted = json.loads((folder / "proxy/package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((folder / "proxy/package-lock.json").read_text("utf-8"))["packages"]

    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    for name, package in locked.items():
        assert not name or package["integrity"].startswith("sha512-"), name
    text = (folder / "proxy/package-lock.json").read_text("utf-8")
    assert "://" not in text
    assert "resolved" not in text


# --- a second run ----------------------------------------------------------------------------


@pytest.mark.usefixtures("kits_apart")
def test_a_second_run_adds_names_and_takes_nothing_away(tmp_path: Path) -> None:
    write(tmp_path / "c", ["ada"])
    before, first = read_roster(tmp_path / "c/class.json").seats, passwords(tmp_path / "c")
    home = tmp_path / "c/learners/ada"
    home.mkdir(parents=True)
    written = write(tmp_path / "c", ["grace", "ada"])

    after = read_roster(tmp_path / "c/class.json").seats
    assert set(written.passwords) == {"grace"}
    assert {name: after[name] for name in before} == before
    assert passwords(tmp_path / "c") == {**first, **written.passwords}
    assert home.is_dir()


@pytest.mark.usefixtures("kits_apart")
def test_a_lost_password_is_replaced_and_the_old_one_opens_nothing(tmp_path: Path) -> None:
    write(tmp_path / "c", ["ada"])
    old = passwords(tmp_path / "c")["ada"]
    write(tmp_path / "c", [], renew=["ada"])

    kept, new = read_roster(tmp_path / "c/class.json"), passwords(tmp_path / "c")["ada"]
    assert (kept.admits("ada", old), kept.admits("ada", new)) == (False, True)


@pytest.mark.usefixtures("kits_apart")
def test_a_configuration_that_was_edited_is_kept_and_one_that_was_not_is_renewed(tmp_path: Path) -> None:
    write(tmp_path / "c", [])
    config = tmp_path / "c" / hub.CONFIG
    config.write_text(config.read_text("utf-8") + "# mine\n")
    assert write(tmp_path / "c", []).kept == [hub.CONFIG]
    assert config.read_text("utf-8").endswith("# mine\n")

    for name in (hub.CONFIG, "state/shipped-config.py"):
        (tmp_path / "c" / name).write_text("# of an older kit\n")
    assert write(tmp_path / "c", []).kept == []
    assert config.read_bytes() == (hub.FILES / hub.CONFIG).read_bytes()


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "../ada", "zoé", "-ada", "1st", "", "a" * 32, "ada/../grace"]
)
@pytest.mark.usefixtures("kits_apart")
def test_what_is_no_name_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(RosterError, match="expected a name of a-z"):
        write(tmp_path / "c", ["grace", name])
    assert not (tmp_path / "c").exists()


@pytest.mark.usefixtures("kits_apart")
def test_more_names_than_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="expected at most 2 new names"):
        write(tmp_path / "c", ["ada", "grace"], first_number=61_182)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.20", "::", "localhost", "127.0.0.2"])
@pytest.mark.usefixtures("kits_apart")
def test_an_address_for_others_needs_tls(tmp_path: Path, address: str) -> None:
    with pytest.raises(HubError, match=r"expected a certificate and its key \(TLS\)"):
        write(tmp_path / "c", [], address=address)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("port", [0, -1, 80, 443, 65_500, 70_000])
@pytest.mark.usefixtures("kits_apart")
def test_a_port_that_cannot_be_is_refused(tmp_path: Path, port: int) -> None:
    with pytest.raises(HubError, match="expected a port from 1024"):
        write(tmp_path / "c", [], port=port)


@pytest.mark.usefixtures("kits_apart")
def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(HubError, match="expected a new or empty folder"):
        write(tmp_path, [])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.usefixtures("kits_apart")
def test_a_damaged_roster_is_told_and_not_written_over(tmp_path: Path) -> None:
    write(tmp_path / "c", [])
    (tmp_path / "c/class.json").write_text('{"seats": {"ada": 1}}')
    with pytest.raises(RosterError, match=r"class\.json as authlab wrote it"):
        write(tmp_path / "c", ["grace"])
    assert (tmp_path / "c/class.json").read_text() == '{"seats": {"ada": 1}}'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--learners", "0"], "--learners: expected 1 to 500 learners, got 0"),
        (["--learners", "no-such-file"], "--learners: expected a text file with a name a line, or a number"),
        (["--new-password", "nobody"], "expected a name with a seat, got 'nobody'"),
        (["--cert", "a.pem"], "expected --cert and --key together, got one of them"),
        (["--cert", "a.pem", "--key", "b.pem"], "expected a file of a certificate or key, got "),
        (["--first-number", "1000"], "--first-number: expected 60600 to 61183, got 1000"),
        (["--address", "0.0.0.0"], "expected a certificate and its key (TLS)"),
    ],
)
def test_what_is_typed_wrong_is_told_in_a_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    with pytest.raises(UsageError) as refused:
        typed(str(tmp_path / "c"), *arguments)

    assert words in str(refused.value)
    assert "; try: python3 -m authlab class hub " in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "c").exists()


@pytest.mark.usefixtures("kits_apart")
def test_a_file_of_names_is_read_as_people_write_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.txt"
    names.write_bytes(b"\xef\xbb\xbfAda\r\n\r\n  grace   # Tuesday\r\nada\r\n")
    assert typed(str(tmp_path / "c"), "--learners", str(names)) == 0

    said = capsys.readouterr().out
    assert f"{tmp_path / 'c'}: a hub with 3 seats, one of them for you: instructor." in said
    assert f"Next: sudo {tmp_path / 'c' / 'start'}" in said
    assert set(passwords(tmp_path / "c")) == {"instructor", "ada", "grace"}


# --- starting --------------------------------------------------------------------------------


def test_without_root_nobody_else_can_reach_it(roster: Roster, tmp_path: Path) -> None:
    for name in ("chain.pem", "key.pem"):
        (tmp_path / name).touch()
    roster.certificate, roster.key = str(tmp_path / "chain.pem"), str(tmp_path / "key.pem")
    assert fault_of(tmp_path, roster, is_root=False) == ""
    roster.address = "0.0.0.0"
    assert fault_of(tmp_path, roster, is_root=False).startswith("expected to be started as root")


def test_an_address_that_was_edited_into_the_roster_is_judged_again(roster: Roster, tmp_path: Path) -> None:
    roster.address = "0.0.0.0"
    for is_root in (True, False):
        assert fault_of(tmp_path, roster, is_root=is_root).startswith("expected a certificate and its key")


def test_a_folder_that_learners_cannot_reach_is_told_before_anything_is_installed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "class").mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(UsageError, match="expected folders that learners may pass through, got"):
        hub_start.start(closed / "class", [])
    assert list((closed / "class").iterdir()) == []


def test_a_number_that_an_account_or_a_program_has_is_refused(
    roster: Roster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a number's programs leave running is ended by it, so it must be nobody's."""
    monkeypatch.setattr(hub, "closed_to_others", lambda path: [])
    roster.seats["free"] = Seat(60_777, "")
    assert fault_of(tmp_path, roster, is_root=True) == ""
    roster.seats["ada"] = Seat(os.getuid(), "")
    assert fault_of(tmp_path, roster, is_root=True).startswith("expected numbers that no account")


def test_node_that_is_too_old_is_told_with_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text("#!/bin/sh\necho v16.20.2\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(UsageError, match=r"expected Node\.js 18 or newer with npm .* got v16\.20\.2"):
        hub_start._npm()


# --- a learner's seat ------------------------------------------------------------------------


def test_a_learner_gets_a_kit_once_with_keys_of_their_own(folder: Path, tmp_path: Path) -> None:
    for name in ("ada", "grace"):
        (tmp_path / name).mkdir()
    adas, graces = (seat.prepare(tmp_path / name, folder / "kit") for name in ("ada", "grace"))
    (adas / "exercises/lesson_01_forms.py").write_text("# her work\n")
    kept = (adas / ".env").read_text()
    seat.prepare(tmp_path / "ada", folder / "kit")

    assert (adas / "exercises/lesson_01_forms.py").read_text() == "# her work\n"
    assert (adas / ".env").read_text() == kept
    lines = [*kept.splitlines(), *(graces / ".env").read_text().splitlines()]
    assert len({line.partition("=")[2] for line in lines}) == 4
    assert {path.name for path in (tmp_path / "ada").iterdir()} == {"authlab", ".bashrc"}, (
        "no half copy stays"
    )


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """A server changes it, for good; so is this test's own, and put back."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
def test_an_image_has_no_keys_and_each_server_makes_its_own(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever pulls an image reads what is in it, and everybody gets the same."""
    monkeypatch.setattr(seat.Path, "home", lambda: tmp_path)
    monkeypatch.setattr(seat, "prepare", functools.partial(seat.prepare, kit=folder / "kit"))
    seat.main(["--prepare"])
    assert (tmp_path / "authlab/README.md").exists()
    assert not (tmp_path / "authlab/.env").exists()

    monkeypatch.setattr(seat.os, "execv", lambda *_: None)
    monkeypatch.setenv("JUPYTERHUB_ROOT_DIR", "")
    monkeypatch.chdir(tmp_path)
    seat.main([])
    assert "SESSION_SECRET=" in (tmp_path / "authlab/.env").read_text()
    assert (tmp_path / "authlab/.env").stat().st_mode & 0o077 == 0


def test_a_copy_that_was_cut_short_is_never_taken_for_a_kit(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(kit: Path, copy: Path) -> None:
        copy.mkdir()
        (copy / "README.md").write_text("")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(seat.shutil, "copytree", full)
    with pytest.raises(OSError, match="No space left"):
        seat.prepare(tmp_path, folder / "kit")
    assert [path.name for path in tmp_path.iterdir()] == [".bashrc"]


# --- what a learner leaves behind ------------------------------------------------------------


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Nobody is killed: it would be everything that these tests may end. The third look finds nobody."""
    asked: list[int] = []

    def kill(number: int, _signal: int) -> None:
        asked.append(number)
        if len(asked) == 3:
            raise ProcessLookupError

    monkeypatch.setattr(seat_left.os, "kill", kill)
    return asked


@pytest.mark.parametrize(("user", "number"), [(0, 0), (1000, 1001), (0, 1000)])
def test_whoever_is_not_the_learner_ends_nothing(
    killed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, number: int
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(seat_left.os, "getuid", lambda: user)
    monkeypatch.setattr(seat_left.os, "geteuid", lambda: user)
    seat_left.clear(number, [tmp_path])
    assert killed == []
    assert (tmp_path / "file").exists()


def test_files_of_the_learners_are_deleted_and_nobody_elses(
    killed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_left.os, "getuid", lambda: 61_190)
    monkeypatch.setattr(seat_left.os, "geteuid", lambda: 61_190)
    shared, elsewhere = tmp_path / "tmp", tmp_path / "elsewhere"
    (shared / "authlab-x").mkdir(parents=True)
    (shared / "authlab-x/lab.sqlite").touch()
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (shared / "link").symlink_to(elsewhere)
    owners = {"theirs.txt": os.getuid() + 1}
    (shared / "theirs.txt").touch()
    stat_of = Path.lstat

    def as_if_the_learners(path: Path) -> os.stat_result:
        values = list(stat_of(path))
        values[stat.ST_UID] = owners.get(path.name, 61_190)
        return os.stat_result(values)

    monkeypatch.setattr(Path, "lstat", as_if_the_learners)
    seat_left.clear(61_190, [shared, tmp_path / "none"])
    assert killed == [-1, -1, -1]
    assert [path.name for path in shared.iterdir()] == ["theirs.txt"]
    assert (elsewhere / "kept").exists()
