"""Lesson 5's bank: each flaw falls to its attack, and no right answer falls to any."""

from authlab.course import bank
from authlab.course.curriculum import select
from tests.course.bank_tests import BankTests

RESISTS = {
    38: "no row in the table",
    43: "nobody is signed in, 169 hours later | nobody is signed in, 25 hours later",
    44: "each is out at its next request",
    45: "every copy is out, this session goes on under a new token, and Grace's is untouched",
    46: "nothing to steal | 1 row stolen, and none is a cookie",
    47: "the session stays ended",
    69: "Ada was first: one new token, and it is hers",
}

# Which attack a flaw falls to, and what the evidence must speak of.
FLAWS = {
    "the_id_is_enough": (46, "a row of the table opened Grace's page for admins: The Vault 7f3a"),
    "old_rows_are_in_clear": (46, "a row of the table opened Grace's page for admins: The Vault 7f3a"),
    "get_or_create": (38, "1 new row in the table, and 10 pages that show ada@lab.test"),
    "the_browser_counts": (43, "the computer that was off still shows ada@lab.test, 25 hours later"),
    "EveryRequestIsUse": (43, "the open page still shows ada@lab.test, 25 hours later"),
    "proven_and_prolonged": (43, "the open page still shows ada@lab.test, 169 hours later"),
    "ForgetsByItself": (44, "logged out everywhere else, and the telephone still shows ada@lab.test"),
    "ForgetsOneEntry": (44, "logged out everywhere else, and the telephone still shows ada@lab.test"),
    "those_from_before": (44, "logged out everywhere else, and the telephone still shows ada@lab.test"),
    "NothingToEnd": (44, "logged out everywhere else, and the telephone still shows ada@lab.test"),
    "NothingIsKept": (44, "logged out everywhere else, and the telephone still shows ada@lab.test"),
    "ThisOneStaysAsItIs": (45, "a copy of this very session still shows ada@lab.test"),
    "all_but_this_one": (45, "Ada's new password has logged Grace out"),
    "PasswordAndNothingElse": (45, "a copy of her telephone still shows ada@lab.test"),
    "the_secret_itself": (46, "a row of the table opened Grace's page for admins: The Vault 7f3a"),
    "as_it_is": (46, "a row of the table opened Grace's page for admins: The Vault 7f3a"),
    "not_in_clear": (46, "a row of the table opened Grace's page for admins: The Vault 7f3a"),
    "replaced_by_what_is_true_now": (47, "the page that came after wrote her session anew: ada@lab.test"),
    "made_if_it_is_missing": (47, "the page that came after wrote her session anew: ada@lab.test"),
    "asked_and_a_moment_later_written": (69, "the copy has got a new token: ada@lab.test"),
    "the_last_one_wins": (69, "the copy has got a new token: ada@lab.test"),
}

# What brings a session back, or ends none, does so whatever had ended it.
ALSO_FALLS_TO = {
    "the_id_is_enough": {45, 69},
    "get_or_create": {44, 45, 47},
    "ForgetsByItself": {45, 47, 69},
    "those_from_before": {45},
    "NothingToEnd": {45, 69},
    "NothingIsKept": {45, 47, 69},
    "ThisOneStaysAsItIs": {69},
    "replaced_by_what_is_true_now": {69},
}


class TestBank(BankTests):
    lesson = "lesson_05_database_sessions"
    resists = RESISTS
    flaws = FLAWS
    also_falls_to = ALSO_FALLS_TO
    alternatives = 23


def test_a_wrong_cache_falls_to_its_attack_or_to_the_kits_own_proof() -> None:
    """The cache is proven in an exercise and written in none: what no request shows, the proof must catch."""
    caught = set(select("5.6")[0].must_catch)
    wrong = bank.flaws_of("authlab.sessions.cache:SessionCache")
    assert [flaw.name for flaw in wrong if flaw.attack is None and flaw.name not in caught] == []
