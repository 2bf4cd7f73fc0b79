"""Lesson 3's bank: each flaw falls to its attack, and no right answer falls to any."""

from authlab.course.flaws.lesson_03_tokens import algorithm_from_the_header
from tests.course.bank_tests import BankTests

READ = "read member 3's profile: The Vault 7f3a"
TO_THE_LOGIN = "303, to /login?next=%2Fprofile"  # whoever tries tokens learns nothing from a refusal

RESISTS = {
    25: "ids and times only: iss, aud, sub, sid, jti, auth_time, iat, exp, gen",
    26: TO_THE_LOGIN,
    27: TO_THE_LOGIN,
    28: (
        "the app does not start: SESSION_SECRET: expected base64 of 32 bytes, got something else. "
        "Make them with: python3 -m authlab secret --env >> .env"
    ),
    29: TO_THE_LOGIN,
    30: TO_THE_LOGIN,
    31: TO_THE_LOGIN,
    32: TO_THE_LOGIN,
    33: TO_THE_LOGIN,
}

# Which attack a flaw falls to, and what the evidence must speak of: an attack that wins for another reason
# teaches the wrong thing.
FLAWS = {
    "name_and_email_to_greet": (25, "the token tells ['Grace Hopper', 'grace@lab.test']"),
    "the_whole_user": (25, "the token tells ['Grace Hopper', 'grace@lab.test', 'admin', '$2b$']"),
    "role_for_the_menu": (25, "the token tells ['admin']"),
    "unsigned_for_our_tests": (26, f"alg none: {READ}"),
    "blocklist_of_none": (26, f"alg nOnE: {READ}"),
    "algorithms_as_the_header_says": (26, "alg none: 500, and the server says"),
    "algorithm_from_the_header": (27, READ),
    "one_list_for_both_kinds": (27, READ),
    "ignore_the_warning": (28, f"with {{'SESSION_SECRET': 'changeme'}}: {READ}"),
    "default_for_development": (28, f"with {{}}: {READ}"),
    "filled_up_to_32_bytes": (28, f"with {{'SESSION_SECRET': 'changeme'}}: {READ}"),
    "digest_of_any_word": (28, f"with {{'SESSION_SECRET': 'changeme'}}: {READ}"),
    "base64_of_any_length": (28, f"with {{'SESSION_SECRET': 'changeme'}}: {READ}"),
    "old_keys_in_a_folder": (29, f"kid ../static/favicon.svg: {READ}"),
    "path_that_begins_right": (29, f"kid ../static/favicon.svg: {READ}"),
    "dots_taken_out": (29, f"kid ....//static/favicon.svg: {READ}"),
    "exp_if_it_is_there": (30, "a token without exp, a year later: 200"),
    "the_cookie_ends_by_itself": (30, "a copy of my own token, a year later: 200"),
    "no_end_so_nobody_is_logged_out": (30, "a copy of my own token, a year later: 200"),
    "no_audience": (31, READ),
    "audience_that_begins_right": (31, READ),
    "every_audience_of_the_house": (31, READ),
    "decrypt_as_the_guide_does": (31, READ),
    "some_purpose_or_other": (31, READ),
    "signature_off_to_read_sub": (32, READ),
    "signature_known_from_before": (32, READ),
    "any_error_is_our_fault": (32, READ),
    "hs256_says_the_header": (32, READ),
    "catches_invalid_token_only": (33, '500, and the server says ["UnicodeEncodeError('),
    "three_parts_as_we_made_them": (33, "ValueError('not enough values to unpack (expected 3, got 1)')"),
    "header_read_by_hand": (33, "ValueError('string argument should contain only ASCII characters')"),
}

# login.company.test signed this with RS256 and a private key that is gone.
COMPANY_TOKEN = (
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJsb2dpbi5jb21wYW55LnRlc3QiLCJhdWQiOiJhdXRobGFiLnNlc3Npb24iLCJzd"
    "WIiOiIxIiwic2lkIjoiNWU1NSIsImp0aSI6IjcwY2UiLCJhdXRoX3RpbWUiOjE3Njc2MDM2MDAsImlhdCI6MTc2NzYwMzY"
    "wMCwiZXhwIjoxNzY4MjA4NDAwLCJnZW4iOjB9.UkG9bgtISbczmL5MWLJ_lEOaX0o0VqT7gONtn4tQd_yhb-tPK5UccpNK"
    "Jcs6-5U-vDFJGgWXW3doL10R3vZThcH6P-JCtgfT_Vw3r1jh4hN4-"
    "zaq47G9tCh7DxoPhwdZlIsWJQht9A8ZoVcw2JJDDCQxpniTxuxV2liKiBUoxWqeMYJWbH6cALxP-7MYDf2l17-cA-"
    "gwAekDbLncC_jxb393Pp-uqy9xX2WUBak1vmIBsD51HiCFXGELhyFz27voV913AApZDnXECTD2joEm6-"
    "0aRCxtJvYvsVycF2Y3MZS4MjMyjFKnc5NSiVedmGXhAfaOFwy5fcgYGS2sq8gQJw"
)

# Two of these believe whatever is unsigned, and the guide's own asks nothing but who signed.
ALSO_FALLS_TO = {
    "signature_off_to_read_sub": {26},
    "any_error_is_our_fault": {26},
    "decrypt_as_the_guide_does": {30, 33},
}


class TestBank(BankTests):
    lesson = "lesson_03_tokens"
    resists = RESISTS
    flaws = FLAWS
    also_falls_to = ALSO_FALLS_TO
    alternatives = 14


def test_the_confused_verifier_believes_the_company_and_not_its_forgers() -> None:
    """It does verify RS256: what is wrong with it is that the header may say HS256 instead."""
    now, key = 1_767_603_600, b"k" * 32
    assert algorithm_from_the_header(COMPANY_TOKEN, key, now) is not None
    assert algorithm_from_the_header(COMPANY_TOKEN[:-2] + "AA", key, now) is None
