"""Trials as the judge runs them: a fresh app each, nothing left over for the next, and the blame where it
belongs."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from authlab.course import bank, judge, trials
from authlab.course.children import Child
from authlab.course.engine import Engine, share
from authlab.course.mounting import slot_of
from authlab.lab.apps import LabApp
from tests.processes import is_soon_gone

LIMIT_SECONDS = 3
NEEDS_FORK = pytest.mark.skipif(not judge.CAN_FORK, reason="the system cannot fork")

Attacker = Callable[[LabApp], bank.Outcome]


def told(number: int) -> dict[str, Any]:
    return {"won": False, "evidence": str(number)}


class TestTrials:
    """What the judge does for each attack: a fresh app in the way that was asked for, and no leftovers."""

    @pytest.fixture
    def attacks(self, monkeypatch: pytest.MonkeyPatch) -> dict[int, Attacker]:
        """Attacks of a test's own, by number, in place of the bank's."""
        ours: dict[int, Attacker] = {}

        def registered() -> tuple[bank.Attack, ...]:
            return tuple(bank.Attack(n, "ours", "Try it.", ours[n], "lesson_01_forms") for n in ours)

        monkeypatch.setattr(bank, "all_attacks", registered)
        return ours

    def tried(self, *numbers: int, **app: str) -> list[dict[str, Any]]:
        wanted = [{"attack": number, "sessions": "stateless"} for number in numbers]
        return judge._tried({**app, "trials": wanted, "timeout": LIMIT_SECONDS})

    def test_the_app_keeps_its_sessions_as_asked_and_in_the_cache(self, attacks: dict[int, Attacker]) -> None:
        """Attacks must meet what a cache forgets too late."""
        attacks[1] = lambda app: bank.resisted(
            f"{app.settings.sessions} {app.settings.session_cache_seconds}"
        )
        assert trials.attack(1, "stateless")["evidence"].startswith("stateless ")
        assert trials.attack(1, "database") == {"won": False, "evidence": "database 60"}

    @pytest.mark.parametrize("sessions", ["stateless", "database"])
    def test_an_honest_visitor_gets_through(self, sessions: trials.Sessions) -> None:
        assert trials.honest(sessions) == {"works": True, "evidence": "[303, 200, 303, 303, 303, 200, 303]"}

    @NEEDS_FORK
    def test_one_attack_leaves_the_next_nothing_and_is_blamed_alone(
        self, attacks: dict[int, Attacker]
    ) -> None:
        """A dictionary in a module, a thread that loops, a process that ends: each its own trial's matter."""
        left: list[str] = []

        def leaves(app: LabApp) -> bank.Outcome:
            left.append("it")
            os.environ["AUTHLAB_LEFT"] = "it"
            return bank.resisted(str(left))

        def loops(app: LabApp) -> bank.Outcome:
            time.sleep(60)
            return bank.won("")

        attacks.update({1: leaves, 2: loops, 3: lambda app: os._exit(0)})
        attacks[4] = lambda app: bank.resisted(f"{left} {os.environ.get('AUTHLAB_LEFT')}")
        said = self.tried(1, 2, 3, 4)
        assert [one.get("evidence") for one in said] == ["['it']", None, None, "[] None"]
        assert said[1] == {"timeout": LIMIT_SECONDS}
        assert said[2] == {"error": "the answer ended its process before the checks were done"}

    @NEEDS_FORK
    def test_a_trial_ends_with_the_job_that_it_belongs_to(
        self, attacks: dict[int, Attacker], tmp_path: Path
    ) -> None:
        """Its time is up, and nothing of it works on behind everybody's back."""
        pid_file = tmp_path / "pid"

        def notes_and_sleeps(app: LabApp) -> bank.Outcome:
            pid_file.write_text(str(os.getpid()))
            time.sleep(60)
            return bank.won("")

        attacks[1] = notes_and_sleeps
        wanted = [{"attack": 1, "sessions": "stateless"}]
        child = Child(lambda job: {"trials": judge._tried(job)})
        assert child.hand_over({"trials": wanted, "timeout": 50})
        said = child.result(LIMIT_SECONDS)
        assert said == {"timeout": LIMIT_SECONDS}
        pid = int(pid_file.read_text())
        assert is_soon_gone(pid)

    def test_where_nothing_can_be_forked_the_flaw_is_loaded_anew_for_each(
        self, monkeypatch: pytest.MonkeyPatch, attacks: dict[int, Attacker]
    ) -> None:
        """Fresh apps hand out the same tokens: a flaw that remembers one would know the next app's."""
        monkeypatch.setattr(judge, "CAN_FORK", False)
        seen: list[object] = []

        def looks(app: LabApp) -> bank.Outcome:
            seen.append(slot_of("authlab.forms:canonical_email").mounted)
            return bank.resisted("")

        attacks[1] = looks
        self.tried(1, 1, flaw="case_kept")
        assert len({id(answer) for answer in seen}) == 2
        assert [getattr(answer, "__name__", "") for answer in seen] == ["case_kept", "case_kept"]
        assert bank.flaw_named("case_kept").answer not in seen


@pytest.mark.parametrize("entry", [bank.flaw_named("case_kept"), bank.all_alternatives()[0]])
def test_loading_anew_leaves_the_bank_as_it_was(entry: bank.Flaw | bank.Alternative) -> None:
    before = (bank.all_flaws(), bank.all_alternatives())
    fresh = bank.loaded_anew(entry)
    assert fresh.name == entry.name
    assert fresh.answer is not entry.answer
    assert (bank.all_flaws(), bank.all_alternatives()) == before


class TestBatches:
    """Many trials are one job of the judge, and each gets what is its own."""

    class Judged(Engine):
        """An engine whose judge is a list of what it was asked, and says which attacks it was asked for."""

        def __init__(self, refuse: Callable[[list[Any]], dict[str, Any] | None]) -> None:
            super().__init__()
            self.jobs: list[dict[str, Any]] = []
            self._refuse = refuse

        def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
            self.jobs.append(job)
            numbers = [one["attack"] for one in job["trials"]]
            return self._refuse(numbers) or {"trials": [told(number) for number in numbers]}

    def wanted(self, count: int) -> list[dict[str, Any]]:
        return [{"attack": number, "sessions": "database"} for number in range(count)]

    @pytest.mark.parametrize(("can_fork", "sizes"), [(True, [10, 10, 5]), (False, [25])])
    def test_a_job_holds_as_many_as_its_process_is_worth(
        self, monkeypatch: pytest.MonkeyPatch, can_fork: bool, sizes: list[int]
    ) -> None:
        monkeypatch.setattr("authlab.course.judge.CAN_FORK", can_fork)
        engine = self.Judged(lambda numbers: None)
        said = list(engine.trials({"flaw": "case_kept"}, self.wanted(25)))
        assert [one["evidence"] for one in said] == [str(number) for number in range(25)]
        assert [len(job["trials"]) for job in engine.jobs] == sizes
        assert {job["flaw"] for job in engine.jobs} == {"case_kept"}

    @pytest.mark.parametrize("ended", [{"error": "the answer ended its process"}, {"timeout": 10.0}])
    def test_a_batch_that_comes_to_no_end_is_tried_one_by_one(self, ended: dict[str, Any]) -> None:
        """Attack 3 takes the whole job with it; the others are innocent."""
        engine = self.Judged(lambda numbers: ended if 3 in numbers else None)
        said = list(engine.trials({}, self.wanted(5)))
        assert said == [told(0), told(1), told(2), ended, told(4)]
        assert [len(job["trials"]) for job in engine.jobs] == [5, 1, 1, 1, 1, 1]

    def test_the_first_is_told_before_the_last_is_asked_for(self) -> None:
        """A progress bar moves while the rest is still to be done."""
        engine = self.Judged(lambda numbers: None)
        next(engine.trials({}, self.wanted(75)))
        assert len(engine.jobs) == 1


@pytest.mark.parametrize(("room", "used"), [(0, True), (1 << 62, False)])
def test_the_judge_works_in_memory_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: int, used: bool
) -> None:
    """A container's may hold less than one answer is allowed to write."""
    monkeypatch.setattr("authlab.course.places.IN_MEMORY", tmp_path)
    monkeypatch.setattr("authlab.course.judges.ROOM_BYTES", room)
    with Engine() as engine:
        list(engine.trials({}, [{"honest": True, "sessions": "stateless"}]))
        assert any(tmp_path.iterdir()) is used
    assert not any(tmp_path.iterdir())


def test_where_there_is_no_such_place_it_works_on_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("authlab.course.places.IN_MEMORY", tmp_path / "nowhere")
    with Engine() as engine:
        (said,) = engine.trials({}, [{"honest": True, "sessions": "stateless"}])
    assert said["works"]


class TestShare:
    def test_every_job_is_done_once_by_some_engine(self) -> None:
        done = share([Engine(), Engine()], range(20), lambda engine, job: [job * 10, job * 10 + 1])
        assert sorted(told for _, told in done) == sorted(
            [n * 10 for n in range(20)] + [n * 10 + 1 for n in range(20)]
        )

    def test_who_hears_no_more_leaves_no_thread_at_work(self) -> None:
        """As Ctrl-C does: what is at work ends after its trial, and no other job begins."""
        begun: list[int] = []

        def work(engine: Engine, job: int) -> Iterator[str]:
            begun.append(job)
            while True:  # a row of the picture that has no end
                yield "told"

        shared = share([Engine()], range(5), work)
        next(shared)
        shared.close()
        assert begun == [0]
