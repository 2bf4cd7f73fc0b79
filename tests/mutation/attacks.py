"""The catalogue of attacks as tests: on the package each is resisted, and honest visitors get through.

The normal suite runs the catalogue through `dev verify`; here a mutant meets it like any other test.
"""

import pytest

from authlab.course import bank, trials
from authlab.course.trials import BOTH_WAYS, Sessions


@pytest.mark.parametrize("sessions", BOTH_WAYS)
@pytest.mark.parametrize("attack", bank.all_attacks(), ids=lambda attack: str(attack.number))
def test_an_attack_comes_to_what_it_does_on_the_package(attack: bank.Attack, sessions: Sessions) -> None:
    outcome = trials.attack(attack.number, sessions)
    assert "error" not in outcome, outcome
    assert not outcome["won"] or attack.accepted, outcome["evidence"]


@pytest.mark.parametrize("sessions", BOTH_WAYS)
def test_an_honest_visitor_gets_through(sessions: Sessions) -> None:
    outcome = trials.honest(sessions)
    assert outcome["works"], outcome
