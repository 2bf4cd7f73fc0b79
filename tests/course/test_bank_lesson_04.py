"""Lesson 4's bank: each flaw falls to its attack, and no right answer falls to any."""

from tests.course.bank_tests import BankTests

RESISTS = {
    34: "HttpOnly, Secure, SameSite=Lax and Path=/ at login, refresh and logout",
    35: "no token in document.cookie, /profile, /api/me, /api/session",
    36: "Ada's number is in Ada's account",
    37: "a new session at each login, and the one before is over",
    39: "303, to /login?next=%2Fprofile",
    40: "no token of the session is taken, however it reads",
    41: "the session's cookie is gone",
    42: "day 8: 200; day 31: 303, to /login?next=%2Fprofile",
}

# Which attack a flaw falls to, and what the evidence must speak of.
FLAWS = {
    "every_word_is_there": (34, "login: without samesite=lax"),
    "browsers_know_by_now": (34, "login: without samesite=lax"),
    "attributes_at_login_only": (34, "refresh: without httponly, samesite=lax"),
    "our_script_needs_it": (35, "document.cookie told the token, and with it Mallory reads ada@lab.test"),
    "token_for_the_app_on_the_phone": (35, "/api/me told the token, and with it Mallory reads ada@lab.test"),
    "session_for_the_page_s_scripts": (35, "/profile told the token, and with it Mallory reads ada@lab.test"),
    "a_name_is_a_name": (36, "Ada's number is in the account of Mallory"),
    "secure_is_secure_enough": (36, "Ada's number is in the account of Mallory"),
    "the_last_one_is_ours": (36, "Ada's number is in the account of Mallory"),
    "the_session_goes_on": (37, "the planted session has become Ada's: with it Mallory reads ada@lab.test"),
    "the_old_one_is_overwritten": (37, "the session before still shows ada@lab.test"),
    "the_cookie_is_the_session": (39, "Ada has logged out, and the copy still shows ada@lab.test"),
    "denies_the_token": (39, "Ada has logged out, and the copy still shows ada@lab.test"),
    "RowKeptForTheRecord": (39, "Ada has logged out, and the copy still shows ada@lab.test"),
    "HashesOfEndedTokens": (40, "her token, with a = at its end, still shows ada@lab.test"),
    "until_this_token_ends": (40, "six days later her token, refreshed before, shows ada@lab.test"),
    "notes_when_it_ended": (40, "six days later her token, refreshed before, shows ada@lab.test"),
    "a_new_session_each_time": (40, "her token, refreshed before, still shows ada@lab.test"),
    "IdsOfEndedTokens": (40, "her token, refreshed before, still shows ada@lab.test"),
    "nothing_left_to_guard": (34, "logout: without httponly, samesite=lax"),
    "deleted_where_it_was_asked": (41, "__Host-session is still there, with Ada's token in it"),
    "deleted_by_its_name": (41, "__Host-session is still there, with Ada's token in it"),
    "only_the_cookie_moves": (42, "day 8: whoever comes every day is thrown out"),
    "a_week_from_now": (42, "day 31: the copy still shows ada@lab.test"),
    "proven_again_by_being_here": (42, "day 31: the copy still shows ada@lab.test"),
    "the_cap_is_only_asked": (42, "day 31: the copy still shows ada@lab.test"),
    "a_cap_for_each_token": (42, "day 31: the copy still shows ada@lab.test"),
}

# A cookie without its attributes is seen by whoever reads them, and a session that is never ended by whoever
# comes back with it. Under another id the forms that are open belong to no session: the logout is refused.
ALSO_FALLS_TO = {
    "our_script_needs_it": {34},
    "deleted_where_it_was_asked": {34},
    "deleted_by_its_name": {34},
    "a_new_session_each_time": {34},
    "the_cookie_is_the_session": {37, 40},
    "denies_the_token": {37, 40},
    "RowKeptForTheRecord": {37, 40},
}


class TestBank(BankTests):
    lesson = "lesson_04_stateless_sessions"
    resists = RESISTS
    flaws = FLAWS
    also_falls_to = ALSO_FALLS_TO
    alternatives = 19
