"""What must hold of each lesson's bank: a lesson's file of tests says how, and inherits the tests.

class TestBank(BankTests):
    lesson = "lesson_02_passwords"
    resists = {11: "one account, seven refusals", ...}
    flaws = {"select_then_insert": (11, "7 crashed"), ...}
    alternatives = 30
"""

from collections.abc import Mapping

import pytest

from tests.course.bank_trials import Seen, try_lesson


@pytest.mark.full
class BankTests:
    """Each flaw falls to its attack, and no right answer falls to any."""

    lesson: str
    resists: Mapping[int, str]  # what each attack meets on the package
    flaws: Mapping[str, tuple[int, str]]  # the attack that a flaw falls to, and what the evidence speaks of
    also_falls_to: Mapping[str, set[int]] = {}  # other attacks of the lesson, where it cannot be otherwise
    noticed: Mapping[str, Mapping[str, int]] = {}  # what even an honest visitor gets otherwise
    alternatives: int  # right answers in another style that attacks can be tried on

    @pytest.fixture
    def seen(self) -> Seen:
        return try_lesson(self.lesson)

    def test_the_package_resists_each_attack_in_its_own_words(self, seen: Seen) -> None:
        """In both ways of keeping sessions, and with no crash."""
        assert seen.refusals() == self.resists

    def test_honest_visitors_get_through(self, seen: Seen) -> None:
        """A wall that stops everybody resists every attack."""
        assert seen.package.noticed() == {}

    def test_each_flaw_falls_to_its_attack(self, seen: Seen) -> None:
        """Mallory gets what the flaw gives away. Whoever adds a flaw says here how it shows."""
        assert seen.unlike(self.flaws) == {}

    def test_a_flaw_shows_one_thing(self, seen: Seen) -> None:
        """The attack that wins names the misconception."""
        assert seen.further_wins() == self.also_falls_to

    def test_a_flaw_looks_like_working_code(self, seen: Seen) -> None:
        """Its author tried it: signed up, logged in and out, and saw nothing wrong (or tried it once)."""
        assert seen.noticed() == self.noticed

    def test_a_right_answer_in_another_style_resists_and_works(self, seen: Seen) -> None:
        """Mallory has no way in, however the part is written, and Eve has hers."""
        assert seen.refused() == {}
        assert len(seen.alternatives) == self.alternatives
