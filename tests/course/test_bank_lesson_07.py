"""Lesson 7's bank: each flaw falls to its attack, and no right answer falls to any."""

from authlab.course import bank
from tests.course.bank_tests import BankTests

RESISTS = {
    55: "303, to /login?next=%2Fhandbook%2Ffirst-week.html; Ada reads it",
    56: "303 for /handbook/x, 200 for /handbook-preview",
    57: "303, to /login?next=%2Fhandbook%2Ffloor-plan.png; Ada reads it",
    58: "303 for each spelling; 200 for Ada",
    59: "[404, 404, 404, 303]: no page, or none for guests",
    60: "303, and 0 bytes; 200 for Ada",
    61: "303, to /login?next=%2Fhandbook; Ada reads it",
    62: "303 /login?next=%2Fdashboard 200; session cookies left: none",
}

WEEK = "/handbook/first-week.html: 200, and guests read: On Monday you get a key"
BOOK = "and /handbook: 200, and guests read: For members."
SHUT = "/handbook-preview: 303, and guests are shut out of what is theirs"
ROUND = "still on the way after 10 redirects: … /dashboard /login?next=%2Fdashboard"

# Which attack a flaw falls to, and what the evidence must speak of: an attack that wins for another reason
# teaches the wrong thing.
FLAWS = {
    "the_guides_two_lists": (55, WEEK),
    "pages_of_that_day": (55, WEEK),
    "open_unless_listed": (55, WEEK),
    "pages_say_it_themselves": (55, WEEK),
    "nothing_for_a_new_page": (55, WEEK),
    "begins_like_a_closed_page": (56, SHUT),
    "pattern_without_an_end": (56, SHUT),
    "pictures_need_no_check": (57, "/handbook/floor-plan.png: 200, and guests read: PNG"),
    "files_need_no_check": (57, "/handbook/floor-plan.png: 200, and guests read: PNG"),
    "address_that_ends_like_a_picture": (57, "/handbook?x=.png: 200, and guests read: For members."),
    "path_as_it_was_sent": (58, "/%68andbook: 200, and guests read the handbook"),
    "split_and_then_decoded": (58, "/handbook%2Ffloor-plan.html: 200, and guests read the handbook"),
    "decoded_by_hand": (58, "//handbook: 200, and guests read the handbook"),
    "pages_are_read_with_get": (60, "HEAD /handbook: 200"),
    "asked_by_the_middleware_itself": (61, f"X-Middleware-Subrequest: middleware, {BOOK}"),
    "known_to_the_gateway": (61, f"X-User-Id: 1, {BOOK}"),
    "path_before_it_was_rewritten": (61, f"X-Original-URL: /, {BOOK}"),
    "from_inside": (61, f"X-Forwarded-For: 127.0.0.1, {BOOK}"),
    "comes_from_a_page_of_ours": (61, f"Referer: https://lab.test/handbook, {BOOK}"),
    "search_engines_may_read": (61, f"User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1), {BOOK}"),
    "bearers_are_checked_later": (61, f"Authorization: Bearer x, {BOOK}"),
    "scripts_say_what_they_are": (61, f"X-Requested-With: XMLHttpRequest, {BOOK}"),
    "prefetches_need_no_check": (61, f"Purpose: prefetch, {BOOK}"),
    "hands_the_number_on": (61, f"X-Middleware-Subrequest: middleware, {BOOK}"),
    "the_login_page_will_do": (62, ROUND),
    "only_forgeries_are_taken_back": (62, ROUND),
}

# Where every page below the start page is open, each of them is; where every file is, the pages are files;
# where what is on no list goes on, the whole handbook does.
ALSO_FALLS_TO = {
    "the_guides_two_lists": {57, 58},
    "open_unless_listed": {57, 58},
    "pages_say_it_themselves": {57, 58, 60, 61},
    "nothing_for_a_new_page": {57, 58, 60, 61},
    "files_need_no_check": {55, 58},
}


class TestBank(BankTests):
    lesson = "lesson_07_middleware"
    resists = RESISTS
    flaws = FLAWS
    also_falls_to = ALSO_FALLS_TO
    alternatives = 13


def test_one_attack_is_meant_to_fail_and_says_why() -> None:
    """Whoever tries it learns that the router, and not the check, was in the way."""
    own = [known for known in bank.all_attacks() if known.lesson == "lesson_07_middleware"]
    assert [known.number for known in own if known.hopeless] == [59]
