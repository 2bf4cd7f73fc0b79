"""The banks of lessons 8 to 11: each flaw falls to its attack, and no right answer falls to any."""

import pytest

from tests.course.bank_tests import BankTests
from tests.course.bank_trials import try_lesson

RESISTS = {
    "lesson_08_data_access_layer": {
        63: "each of them sees their own page",
        64: "[404, 404], as for nobody, and no row changed; her own: [200, 303]",
        65: "404 for every spelling of 3; her own, in three spellings: [200, 200, 200]",
    },
    "lesson_09_data_transfer_objects": {
        66: "the fields that were named, and no other",
        67: "200: the page is there, with neither name nor number; her own shows both",
        111: "the name stays data",
    },
    "lesson_10_roles": {
        68: "403 for each, and nothing is changed",
        70: "403 for each, and nothing is changed",
        71: "401 as JSON for each, and leads nowhere",
        72: "401 for each",
        110: "one of the two was first, and the other one was no admin any more",
    },
    "lesson_11_capstone": {
        73: "no-store on all 10 answers",
        74: "what happened, and nothing that was typed: cookie refused, logged in, login refused",
    },
}

# Which attack a flaw falls to, and what the evidence must speak of.
ADAS = "/profile shows Mallory what is Ada's: Ada Lovelace"
VAULT_S = "the page of member 3 tells her The Vault 7f3a, +44 1908 640404"
NAME = "the page of member 3 tells her The Vault 7f3a"
HASH = "/api/me also tells disabled, last_login_at, password_hash"
STILL_ADMIN = "no admin any more, and reads The Vault 7f3a"
GUESTS = "and the script takes it for an answer"
FLAWS = {
    "lesson_08_data_access_layer": {
        "lru_cache_by_path": (63, ADAS),
        "global_of_the_module": (63, ADAS),
        "one_memo_a_page": (63, ADAS),
        "one_visitor_an_address": (63, ADAS),
        "asked_by_id": (64, "GET /api/me?id=3 told The Vault 7f3a"),
        "NoLinkLeadsThere": (64, "GET /api/users/3 told The Vault 7f3a"),
        "checked_when_read": (64, "changed the number of Ada Lovelace, The Vault 7f3a"),
        "who_sees_it_may_mend_it": (64, "changed the number of Ada Lovelace"),
        "forbidden_if_somebody_is_there": (64, "[404, 403] for member 3, [404, 404] for nobody"),
        "ForbiddenIfItIsThere": (64, "[403, 404] for member 3, [404, 404] for nobody"),
        "who_may_see_may_change": (64, "changed the number of Ada Lovelace"),
        "deny_list_of_paths": (65, "/api/users/0003 told The Vault 7f3a, and /api/users/3 was a 404"),
        "numbers_as_we_write_them": (65, "/api/users/0003 told The Vault 7f3a, and /api/users/3 was a 404"),
        "digits_are_ascii": (65, "/api/users/３ told The Vault 7f3a, and /api/users/3 was a 404"),
    },
    "lesson_09_data_transfer_objects": {
        "hidden_from_repr": (66, "/api/me also tells password_hash, a password's hash"),
        "all_but_the_hash": (
            66,
            "tells disabled, last_login_at, previous_login_at, session_generation, slug",
        ),
        "subclass_for_ourselves": (66, "/api/me also tells disabled, session_generation"),
        "serialized_as_any": (66, "/api/me also tells contact, a password's hash"),
        "everything_for_the_scripts": (66, "/api/session also tells email, phone, team, username"),
        "json_as_it_is": (111, "</script> in a name ends the element"),
        "one_spelling_of_the_end": (111, "</SCRIPT > in a name ends the element"),
        "two_times_none": (67, VAULT_S),
        "no_team_no_secrets": (67, VAULT_S),
        "viewer_is_the_target": (67, VAULT_S),
        "the_page_decides": (67, VAULT_S),
        "teams_compared_again": (67, VAULT_S),
        "name_for_everybody": (67, NAME),
        "html_escapes": (111, "the name arrives as &lt;"),
        "brackets_taken_out": (111, "the name arrives as \\/script"),
        "TextWithAnotherRepr": (66, HASH),
        "OpenedByACopy": (66, HASH),
        "HiddenFromPrinting": (66, HASH),
        "GuardThatIsADataclass": (66, HASH),
    },
    "lesson_10_roles": {
        "role_from_the_token": (68, STILL_ADMIN),
        "one_answer_a_token": (68, STILL_ADMIN),
        "returns_none": (70, "no admin, and Grace Hopper is not as before, The Vault 7f3a is not as before"),
        "compared_as_text": (70, "no admin, and Grace Hopper is not as before"),
        "asked_to_log_in_again": (70, "nothing is changed, and the answers say [303], not 403"),
        "NothingForOthers": (70, "nothing is changed, and the answers say [303, 403], not 403"),
        "OnlyAdminsSeeTheLink": (70, "no admin, and Grace Hopper is not as before"),
        "the_layer_above_asks": (70, "Grace Hopper is gone, The Vault 7f3a is gone, Mallory is admin"),
        "the_page_has_asked": (70, "Mallory is admin"),
        "admin_or_owner": (70, "no admin, and /dashboard shows an admin"),
        "asked_then_written": (110, "0 admins left: both were let through after one was none any more"),
        "asked_a_moment_ago": (110, "0 admins left: both were let through after one was none any more"),
        "asked_then_deleted": (110, "0 admins left: both were let through after one was gone"),
        "scripts_like_pages": (71, f"/api/me: 303, to /login?next=%2Fapi%2Fme, {GUESTS}"),
        "redirects_whoever_asks": (71, f"/api/me: 308, to /login, {GUESTS}"),
        "guest_instead_of_an_error": (71, f"/api/me: 200, application/json, {GUESTS}"),
        "TheLayoutHasAsked": (72, "/fragments/members tells nobody: Ada Lovelace, The Vault 7f3a"),
        "the_cookie_will_do_for_a_piece": (72, "tells a cookie that was logged out: Ada Lovelace"),
        "pieces_like_pages": (72, "/fragments/members: 303, and the script puts that into its page"),
    },
    "lesson_11_capstone": {
        "whoever_the_header_names": (22, "no proxy: 8 guesses where 5 are allowed"),
        "LooksThenCounts": (24, "[401, 401]: 101 guesses where 100 are allowed"),
        "pages_that_succeed": (73, "8 of 10 answers, first of all the cookie that her login set"),
        "errors_are_the_same_for_all": (73, "4 of 10 answers, first of all what she is refused"),
        "no_cache_keeps_out": (73, "10 of 10 answers"),
        "vary_will_do": (73, "10 of 10 answers"),
        "local_variables_for_the_support": (74, "'password': 'only-I-know-this"),
        "hides_what_is_called_password": (74, "{'typed': 'analytical-engine-1843"),
        "one_line_for_every_refusal": (74, "leave the same line: ['logged in', 'request refused']"),
        "PrintsItself": (74, "password_hash=ServerOnly('$2b$"),
        "logs_the_validation_error": (74, "input_value='only-I-know-this"),
        "a_strange_form_is_our_bug": (74, "'password': 'only-I-know-this"),
        "logs_the_headers": (74, "'Cookie': '__Host-session=eyJ"),
    },
}

# Who is Ada to everybody is Ada to the next attack, too; an account without a check is open under each of its
# numbers; who lets every member pass lets a demoted admin pass; and who goes by the token alone takes one
# that was logged out.
ALSO_FALLS_TO = {
    "lesson_08_data_access_layer": {"global_of_the_module": {64}, "NoLinkLeadsThere": {65}},
    "lesson_09_data_transfer_objects": {},
    "lesson_10_roles": {
        "one_answer_a_token": {71, 72},
        "returns_none": {68},
        "compared_as_text": {68},
        "asked_to_log_in_again": {68},
        "NothingForOthers": {68},
        "OnlyAdminsSeeTheLink": {68},
        "the_layer_above_asks": {68, 110},
        "the_page_has_asked": {110},
    },
    "lesson_11_capstone": {},
}

# Alone at a desk it works: the second visitor is the first who sees it.
NOTICED_BY_THE_SECOND = {
    "global_of_the_module": {
        "Ada finds herself in her team": 0,
        "Grace sees all members": 0,
        "Grace sees the admins' dashboard": 0,
        "Grace gives Eve a role": 0,
        "Grace deletes Eve's account": 0,
    }
}


class TestDataAccessLayer(BankTests):
    lesson = "lesson_08_data_access_layer"
    resists = RESISTS["lesson_08_data_access_layer"]
    flaws = FLAWS["lesson_08_data_access_layer"]
    also_falls_to = ALSO_FALLS_TO["lesson_08_data_access_layer"]
    noticed = NOTICED_BY_THE_SECOND
    alternatives = 14


class TestDataTransferObjects(BankTests):
    lesson = "lesson_09_data_transfer_objects"
    resists = RESISTS["lesson_09_data_transfer_objects"]
    flaws = FLAWS["lesson_09_data_transfer_objects"]
    also_falls_to = ALSO_FALLS_TO["lesson_09_data_transfer_objects"]
    alternatives = 20


class TestRoles(BankTests):
    lesson = "lesson_10_roles"
    resists = RESISTS["lesson_10_roles"]
    flaws = FLAWS["lesson_10_roles"]
    also_falls_to = ALSO_FALLS_TO["lesson_10_roles"]
    alternatives = 10


class TestCapstone(BankTests):
    lesson = "lesson_11_capstone"
    resists = RESISTS["lesson_11_capstone"]
    flaws = FLAWS["lesson_11_capstone"]
    also_falls_to = ALSO_FALLS_TO["lesson_11_capstone"]
    alternatives = 8


@pytest.mark.full
def test_no_attack_is_left_out() -> None:
    """Those of the catalogue, but for 69, which is lesson 5's, and two of the lessons' own."""
    tried = [number for lesson in RESISTS for number in try_lesson(lesson).refusals()]
    assert sorted(tried) == [*range(63, 69), *range(70, 75), 110, 111]
