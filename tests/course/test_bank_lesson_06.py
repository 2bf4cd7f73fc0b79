"""Lesson 6's bank: each flaw falls to its attack, and no right answer falls to any."""

import pytest

from authlab.course.attacks.lesson_06_cross_site import leads_to
from tests.course.bank_tests import BankTests

RESISTS = {
    48: "403 for each foreign page; 303 for Ada's own form",
    49: "[405, 405] for the links, and nothing has changed; [303, 303] for Grace's own forms",
    50: "403 from there; [415, 415, 415, 200] from our own page, of which the last is JSON",
    51: "403 for each foreign page, and no cookie",
    52: "403 for each; 303 for Ada's own token",
    53: "none of 17 links leads away; /devices for a page of ours",
    54: "400 for her name as Host; X-Forwarded-Host leads to /login?next=%2Fprofile",
}

SIGNED_IN = "signed the victim in as somebody else"
CHANGED = "changed Ada's phone number"
FORGED = f"a form on https://evil.lab.test with the token of Mallory's own session {CHANGED}"

# Which attack a flaw falls to, and what the evidence must speak of: an attack that wins for another reason
# teaches the wrong thing.
FLAWS = {
    "same_site_suffices": (51, f"303: a form on https://evil.test {SIGNED_IN}"),
    "ends_with_our_name": (51, f"303: a form on https://evil-lab.test {SIGNED_IN}"),
    "begins_with_ours": (51, f"303: a form on https://lab.test.evil.test {SIGNED_IN}"),
    "null_is_nobody": (51, f"303: a form on null {SIGNED_IN}"),
    "hosts_under_our_name": (51, f"303: a form on https://evil.lab.test {SIGNED_IN}"),
    "has_our_name_in_it": (51, f"303: a form on https://evil-lab.test {SIGNED_IN}"),
    "the_name_is_enough": (51, f"303: a form on http://lab.test {SIGNED_IN}"),
    "lax_is_enough": (48, FORGED),
    "compared_if_it_is_there": (48, f"a form on https://evil.lab.test with no token {CHANGED}"),
    "one_token_for_all": (48, FORGED),
    "names_its_session": (48, FORGED),
    "a_new_one_for_each_form": (48, FORGED),
    "looks_like_one": (48, FORGED),
    "compared_letter_by_letter": (48, f"a form on https://evil.lab.test with no token {CHANGED}"),
    "tokens_compared_as_text": (52, "500 for a token é, and the server says [\"TypeError('comparing strings"),
    "compared_as_digests": (52, "500 for a token é, and the server says [\"ValueError('non-hexadecimal"),
    "compared_in_latin_1": (52, "500 for a token €, and the server says [\"UnicodeEncodeError('latin-1'"),
    "logout_is_a_link": (49, "303 for a link, and Grace is logged out"),
    "deleted_from_a_mail": (49, "303 for a link, and Ada's account is gone"),
    "methods_are_the_pages_business": (49, "303 for a link, and Ada's account is gone"),
    "forced": (50, f"JSON as text/plain from https://evil.lab.test {CHANGED}"),
    "names_json": (50, f"JSON as text/plain; a=application/json from https://evil.lab.test {CHANGED}"),
    "json_unless_it_says_otherwise": (50, f"JSON as no type at all from https://evil.lab.test {CHANGED}"),
    "begins_with_a_slash": (53, "'//evil.test' sends her to '//evil.test'"),
    "one_slash_and_not_two": (53, "'/\\t/evil.test' sends her to '//evil.test'"),
    "names_no_host": (53, "'////evil.test' sends her to "),
    "begins_with_our_address": (53, "which a browser reads as https://lab.test.evil.test"),
    "slashes_made_one": (53, "'/////evil.test' sends her to '//evil.test'"),
    "only_its_path": (53, "'//////evil.test' sends her to '//evil.test'"),
    "decoded_afterwards": (53, "'/%252fevil.test' sends her to '//evil.test'"),
    "whichever_name_we_are_asked_by": (54, "303: Host: evil.test, and a form of https://evil.test is"),
    "name_that_ends_like_ours": (54, "303: Host: evil-lab.test, and a form of https://evil-lab.test is"),
    "link_with_the_host": (
        54,
        "Host: evil.test, and whoever is to log in is sent to https://evil.test/login",
    ),
    "link_as_the_proxy_says": (
        54,
        "X-Forwarded-Host: evil.test, and whoever is to log in is sent to https://",
    ),
}

# The second check is seen where the first one fails: their companion believes every host under our name, or
# every origin, so that a login form from there is believed, too. What compares nothing, or texts, is seen to
# stumble over an é or to take it for a token.
ALSO_FALLS_TO = {
    "lax_is_enough": {51, 52},
    "compared_if_it_is_there": {51, 52},
    "one_token_for_all": {51},
    "names_its_session": {51},
    "a_new_one_for_each_form": {51},
    "looks_like_one": {51},
    "compared_letter_by_letter": {51},
    "forced": {51},
    "names_json": {51},
    "json_unless_it_says_otherwise": {51},
}


class TestBank(BankTests):
    lesson = "lesson_06_cross_site"
    resists = RESISTS
    flaws = FLAWS
    also_falls_to = ALSO_FALLS_TO
    alternatives = 18


# What attack 53 knows of browsers, as Chromium 156 answered to `new URL(location, own).origin`.


@pytest.mark.parametrize(
    ("location", "origin"),
    [
        ("/devices", "https://lab.test"),
        ("devices?next=//evil.test", "https://lab.test"),
        ("/.//evil.test", "https://lab.test"),
        ("/%09/evil.test", "https://lab.test"),
        ("https:evil.test", "https://lab.test"),
        ("https:/evil.test", "https://lab.test"),
        ("HTTPS://LAB.TEST:443/", "https://lab.test"),
        ("//evil.test", "https://evil.test"),
        ("////evil.test", "https://evil.test"),
        ("/\t/evil.test", "https://evil.test"),
        (" \n/\\evil.test", "https://evil.test"),
        ("https:/\\evil.test", "https://evil.test"),
        ("http:evil.test", "http://evil.test"),
        ("http:/lab.test", "http://lab.test"),
        ("https://lab.test@evil.test/", "https://evil.test"),
        ("https://lab.test.evil.test", "https://lab.test.evil.test"),
        ("https://lab.test:444/", "https://lab.test:444"),
    ],
)
def test_the_attack_reads_an_address_as_a_browser_does(location: str, origin: str) -> None:
    """An attack that took Python's word for it would miss what a browser makes of it."""
    assert leads_to(location) == origin


def test_what_is_no_page_leads_to_none_of_ours() -> None:
    """A browser gives such an address no origin at all."""
    assert leads_to("javascript:alert(1)") == "javascript:"
    assert leads_to("lab.test:443/") == "lab.test:"


def test_an_address_without_slashes_leaves_a_site_without_https() -> None:
    """`https:evil.test` is a relative address for who comes from https, and only for them."""
    assert leads_to("https:evil.test", "http://localhost:8000") == "https://evil.test"
    assert leads_to("http:evil.test", "http://localhost:8000") == "http://localhost:8000"
