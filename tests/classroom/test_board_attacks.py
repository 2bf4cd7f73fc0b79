"""The kit's own attacks on the class board: each is resisted, and wins where the part it is about is a flaw.

So the board stands on the app's own parts, and none of these attacks is blunt here.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from authlab.course import bank
from authlab.course.mounting import mounted
from authlab.course.mounts import mounts_for
from authlab.course.places import EXERCISES
from tests.classroom.board_as_app import LabBoard

# The number of an attack, and a flaw of a part that the board shares with the app, to which it wins here.
ATTACKS = {
    24: "ReadsThenWrites",
    26: "algorithms_as_the_header_says",
    33: "catches_invalid_token_only",
    34: "every_word_is_there",
    35: "our_script_needs_it",
    37: "the_session_goes_on",
    38: "get_or_create",
    39: "RowKeptForTheRecord",
    41: "deleted_where_it_was_asked",
    42: "a_week_from_now",
    43: "EveryRequestIsUse",
    46: "the_secret_itself",
    47: "made_if_it_is_missing",
    51: "same_site_suffices",
    54: "name_that_ends_like_ours",
    62: "only_forgeries_are_taken_back",
    63: "lru_cache_by_path",
    72: "the_cookie_will_do_for_a_piece",
    73: "pages_that_succeed",
}
# Two layers stop these: a flaw in one part alone opens nothing here. (4 would take a column that a form may
# fill, 49 an address that listens to GET; the others a table of sessions that believes the token.)
BEHIND_TWO_LAYERS = (4, 25, 27, 29, 30, 31, 32, 40, 49)


@pytest.fixture
def board() -> Iterator[LabBoard]:
    board = LabBoard()
    yield board
    board.close()


def attack(number: int) -> bank.Attack:
    return next(known for known in bank.all_attacks() if known.number == number)


@pytest.mark.parametrize("number", [*ATTACKS, *BEHIND_TWO_LAYERS])
def test_the_board_resists(board: LabBoard, number: int) -> None:
    outcome = attack(number).run(board)
    assert not outcome.won, outcome.evidence
    assert board.crashes == []


@pytest.mark.parametrize(("number", "flaw"), ATTACKS.items())
def test_a_board_with_a_flawed_part_falls(number: int, flaw: str) -> None:
    with mounted(mounts_for(flaw, [], EXERCISES)), closing(LabBoard()) as board:
        assert attack(number).run(board).won
