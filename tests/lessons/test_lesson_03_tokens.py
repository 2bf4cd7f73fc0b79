"""Checks of lesson 3."""

import base64
import binascii
import hmac
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest

from authlab.course import judging
from authlab.course.flaws.lesson_03_tokens import COMPANY, COMPANY_KEY_ON_ONE_LINE, COMPANY_PUBLIC_KEY
from authlab.course.judging import exercise
from authlab.errors import SettingsError
from authlab.lab.apps import LabApp
from authlab.lab.browser import Browser
from authlab.tokens import (
    NEXT_COMMAND,
    Session,
    load_secret,
    pick_key,
    sign_session,
    verify_session_token,
)

CLAIMS = {"iss", "aud", "sub", "sid", "jti", "auth_time", "iat", "exp", "gen"}
KEY = b"a key of 64 bytes, known to nobody but the checks of lesson 3..."
RANDOM_KEY = b"\n\x8f\xff a key that is no text, and begins and ends with a line break \xc3\n"
ANOTHER_KEY = b"another key of 64 bytes, which belongs to Mallory, and not to us"
LOGIN = 1_767_600_000
ISSUED = 1_767_603_600  # an hour after the login: the token is a refreshed one
EXPIRES = 1_768_208_400  # seven days after it was issued
SESSION = Session(
    user_id=1,
    session_id="5e55",
    token_id="70ce",
    authenticated_at=LOGIN,
    issued_at=ISSUED,
    expires_at=EXPIRES,
    generation=2,
)


def signed(*, without: str = "", key: bytes = KEY, algorithm: str = "HS256", **changed: object) -> str:
    """Return our own token with some claims changed, or one left out, and signed anew, by hand."""
    claims = {
        "iss": "authlab",
        "aud": "authlab.session",
        "sub": "1",
        "sid": "5e55",
        "jti": "70ce",
        "auth_time": LOGIN,
        "iat": ISSUED,
        "exp": EXPIRES,
        "gen": 2,
        **changed,
    }
    claims.pop(without, None)
    text = f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{segment(claims)}"
    digest = hmac.digest(key, text.encode(), algorithm.replace("HS", "sha"))
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def swapped(**changed: object) -> str:
    """Return our own token with other claims between its header and its signature."""
    header, _, signature = signed().split(".")
    return f"{header}.{signed(**changed).split('.')[1]}.{signature}"


def unsigned(algorithm: str) -> str:
    """Return our own token without a signature, and a header that says so."""
    return f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{signed().split('.')[1]}."


def named(kid: str) -> str:
    """Return our own token with the id of its key in the header."""
    text = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{signed().split('.')[1]}"
    digest = hmac.digest(KEY, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def cut_off(characters: int) -> str:
    """Return our own token with no more of its signature than these."""
    text, _, signature = signed().rpartition(".")
    return f"{text}.{signature[:characters]}"


def signature_holds(token: str | bytes, key: bytes) -> bool:
    """Whether the token is signed with HS256 and this key."""
    text, _, signature = (token.decode() if isinstance(token, bytes) else token).rpartition(".")
    digest = hmac.digest(key, text.encode(), "sha256")
    return signature == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def segment(content: object) -> str:
    """Return one part of a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def other_times_in(token: str, *, issued: int = ISSUED, expires: int = EXPIRES) -> list[str]:
    """The names of the claims that say another time than the session. (Which time is not told: it may be the
    machine's, and another at each run.)"""
    claims = claims_of(token)
    return [name for name, own in (("iat", issued), ("exp", expires)) if claims.get(name) != own]


def claims_of(token: str) -> Any:
    """Return what the middle part of a token says, as anybody can read it."""
    return jwt.decode(token, options={"verify_signature": False})


def header_of(token: str) -> Any:
    """Return what the first part of a token says."""
    return jwt.get_unverified_header(token)


def refused(
    env: dict[str, str],
    *,
    name: str = "SESSION_SECRET",
    saying: str = "",
    ending: str = "",
    hiding: str | None = None,
) -> None:
    """Assert that `load_secret` refuses what is in `env` with our error, and what its text says or hides."""
    call = f"load_secret({env}, {name!r})"
    try:
        got: object = load_secret(env, name)
    except SettingsError as error:
        text = str(error)
    except binascii.Error as error:
        raise AssertionError(f"{call}: expected a SettingsError, got binascii.Error: {error}") from None
    except Exception as error:
        raise AssertionError(
            f"{call}: expected a SettingsError, got {type(error).__name__}: {error}"
        ) from None
    else:
        raise AssertionError(f"{call}: expected a SettingsError, got {repr(got)[:60]}")
    if saying not in text:
        raise AssertionError(f"{call}: expected an error with {saying!r} in it, got {text!r}")
    if not text.endswith(ending):
        raise AssertionError(f"{call}: expected an error that ends with {ending!r}, got {text!r}")
    if hiding is not None and hiding in text:
        raise AssertionError(f"{call}: expected an error without the value in it, got {text!r}")


@exercise("3.1")
class TestASecretThatNobodyGuesses:
    def test_a_good_secret_becomes_its_bytes(self) -> None:
        """`openssl rand -base64 32` prints 44 characters: a way to write 32 bytes down."""
        env = {"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
        assert load_secret(env, "SESSION_SECRET") == b"0123456789abcdef0123456789abcdef"

    def test_each_name_has_a_secret_of_its_own(self) -> None:
        """The app has two, so that one can be replaced without the other."""
        env = {
            "SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "PASSWORD_PEPPER": "YWJjZGVmZ2hpamtsbW5vcGFiY2RlZmdoaWprbG1ub3A=",
        }
        assert load_secret(env, "PASSWORD_PEPPER") == b"abcdefghijklmnopabcdefghijklmnop"

    def test_what_a_copy_adds_at_the_ends_is_no_part_of_it(self) -> None:
        """The command prints a line break after the secret, and people copy it along."""
        env = {"SESSION_SECRET": " MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"}
        assert load_secret(env, "SESSION_SECRET") == b"0123456789abcdef0123456789abcdef"

    def test_a_longer_secret_is_kept_whole(self) -> None:
        """32 bytes are the least. Who makes a longer one gets what they made."""
        env = {"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWZnaA=="}
        assert load_secret(env, "SESSION_SECRET") == b"0123456789abcdef0123456789abcdefgh"

    def test_without_a_secret_nothing_starts(self) -> None:
        """An app that starts without a secret signs with one that everybody can guess."""
        refused({})
        refused({"SESSION_SECRET": ""})
        refused({"SESSION_SECRET": "  \n"})

    def test_a_secret_is_looked_for_where_it_is_said_and_nowhere_else(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`env` is all there is. What the machine has set meanwhile is the secret of another app."""
        monkeypatch.setenv("SESSION_SECRET", "YWJjZGVmZ2hpamtsbW5vcGFiY2RlZmdoaWprbG1ub3A=")
        refused({})

    def test_a_word_is_no_secret(self) -> None:
        """`your_secret_key` stands in the guide, and so in every word list. Filling it up or hashing it makes
        it longer, and no harder to guess."""
        refused({"SESSION_SECRET": "your_secret_key"})
        refused({"SESSION_SECRET": "hunter2"})

    def test_what_is_not_base64_throughout_is_refused(self) -> None:
        """`b64decode` skips what it does not know: of a sentence it keeps the letters, and calls it a key."""
        refused({"SESSION_SECRET": "a long sentence that nobody will ever guess, for it is so very long too"})
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"})
        refused({"SESSION_SECRET": "ключ" * 11})
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAx MjM0NTY3ODlhYmNkZWY="})

    def test_the_whole_text_is_the_secret(self) -> None:
        """Quotes round it, a remark behind it, a second line: whoever picks out the good part guesses what
        was meant, and starts with it. The operator looks once more instead."""
        refused({"SESSION_SECRET": '"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="'})
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= # of May"})
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\nMDEy"})

    def test_another_alphabet_is_not_the_standard_one(self) -> None:
        """`-` and `_` are base64 in addresses. A secret that our command made has neither."""
        refused({"SESSION_SECRET": "-__-" * 11})

    def test_bytes_that_are_no_text_are_refused(self) -> None:
        """For a byte that is no UTF-8 `os.environ` holds half a character, which cannot be encoded again."""
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZW\udcff="})

    def test_bytes_are_counted_and_not_characters(self) -> None:
        """`changeme` is good base64, of six bytes. 32 characters of base64 are 24 bytes, and 44 can be 31."""
        refused({"SESSION_SECRET": "changeme"})
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"})
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ=="})

    def test_the_operator_reads_which_one_and_what_to_do(self) -> None:
        """Whoever starts the app at night needs to know which variable it is, and what to do."""
        refused({}, saying="SESSION_SECRET")
        refused({"SESSION_SECRET": "your_secret_key"}, saying="SESSION_SECRET")
        refused({}, saying=NEXT_COMMAND)
        refused({"SESSION_SECRET": "your_secret_key"}, saying=NEXT_COMMAND)
        refused({"SESSION_SECRET": "changeme"}, saying=NEXT_COMMAND)
        refused({}, name="PASSWORD_PEPPER", saying="PASSWORD_PEPPER")
        refused({"PASSWORD_PEPPER": "your_secret_key"}, name="PASSWORD_PEPPER", saying="PASSWORD_PEPPER")
        refused({"PASSWORD_PEPPER": "changeme"}, name="PASSWORD_PEPPER", saying="PASSWORD_PEPPER")

    def test_nothing_stands_behind_the_command(self) -> None:
        """It is copied up to the end of the line. With a full stop there the secret goes into a file `.env.`,
        which nobody reads."""
        refused({}, ending=NEXT_COMMAND)
        refused({"SESSION_SECRET": "your_secret_key"}, ending=NEXT_COMMAND)
        refused({"SESSION_SECRET": "changeme"}, ending=NEXT_COMMAND)

    def test_no_log_hears_the_secret(self) -> None:
        """The error's text ends up in logs. A secret that lost a character is nearly the secret, and a part
        of one is less to guess."""
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}, hiding="MDEyMzQ1Njc4")
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}, hiding="MDEy")
        refused({"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}, hiding="kZWY")
        refused({"SESSION_SECRET": "cGFzc3dvcmQtMTg0Mw=="}, hiding="cGFz")
        refused({"SESSION_SECRET": "cGFzc3dvcmQtMTg0Mw=="}, hiding="password-1843")
        refused({"SESSION_SECRET": "cGFzc3dvcmQtMTg0Mw=="}, hiding="70617373")

    def test_no_log_hears_two_letters_of_it(self) -> None:
        """The text shows no part of what was found, however short."""
        refused({"SESSION_SECRET": "Qx7Zk0Jw4XvBq9"}, hiding="Qx")
        refused({"SESSION_SECRET": "Qx7Zk0JwXvBq"}, hiding="Qx")


@exercise("3.2")
class TestTheGuidesEncrypt:
    def test_our_own_verifier_knows_it(self) -> None:
        """What one page signs, the next one verifies; a token that it refuses signs nobody in."""
        session = verify_session_token(sign_session(SESSION, KEY), KEY, ISSUED)
        assert isinstance(session, Session)
        assert session == SESSION

    def test_it_carries_ids_times_and_a_counter_only(self) -> None:
        """Whoever finds a token reads it, in a log or on a shared computer. A name or a role in it is told to
        all of them, and `expiresAt` says nothing that `exp` does not."""
        names = sorted(claims_of(sign_session(SESSION, KEY)))
        assert names == ["aud", "auth_time", "exp", "gen", "iat", "iss", "jti", "sid", "sub"]

    def test_the_user_is_a_text(self) -> None:
        """RFC 7519 wants it so. PyJWT encodes a number, and refuses it at the next page."""
        assert claims_of(sign_session(SESSION, KEY)).get("sub") == "1"

    def test_it_says_whose_it_is_and_what_for(self) -> None:
        """One key signs tokens for more than one purpose. Only `aud` tells them apart."""
        claims = claims_of(sign_session(SESSION, KEY))
        assert claims.get("iss") == "authlab"
        assert claims.get("aud") == "authlab.session"

    def test_the_times_are_the_sessions_own(self) -> None:
        """The session knows when it began and when it ends. `auth_time` stays when the token is replaced, or
        no session would ever get old."""
        assert claims_of(sign_session(SESSION, KEY)).get("auth_time") == 1_767_600_000
        assert other_times_in(sign_session(SESSION, KEY)) == []

    def test_no_other_clock_has_a_say(self) -> None:
        """A session of the year 2100 is one, in a test or where the machine's clock is wrong."""
        session = replace(SESSION, issued_at=4_102_444_800, expires_at=4_103_049_600)
        token = sign_session(session, KEY)
        assert other_times_in(token, issued=4_102_444_800, expires=4_103_049_600) == []

    def test_the_session_and_its_token_have_an_id_each(self) -> None:
        """`sid` is what is ended when you log out; `jti` is another with each token."""
        claims = claims_of(sign_session(SESSION, KEY))
        assert claims.get("sid") == "5e55"
        assert claims.get("jti") == "70ce"
        assert claims.get("gen") == 2

    def test_a_counter_begins_at_0(self) -> None:
        """Whoever is new has never logged out everywhere. A token that says 1 of them is refused by the next
        page, and nobody who is new gets in."""
        assert claims_of(sign_session(replace(SESSION, generation=0), KEY)).get("gen") == 0

    def test_it_is_signed_with_hs256_and_the_key(self) -> None:
        """The verifier accepts this one algorithm, and the key proves who signed."""
        assert header_of(sign_session(SESSION, KEY)).get("alg") == "HS256"
        assert verify_session_token(sign_session(SESSION, ANOTHER_KEY), KEY, ISSUED) is None

    def test_the_end_is_the_sessions_and_not_a_week_later(self) -> None:
        """How long a session lasts is decided elsewhere: an hour in one app, a month in another."""
        token = sign_session(replace(SESSION, expires_at=ISSUED + 3600), KEY)
        assert other_times_in(token, expires=ISSUED + 3600) == []
        token = sign_session(replace(SESSION, expires_at=ISSUED + 2_592_000), KEY)
        assert other_times_in(token, expires=ISSUED + 2_592_000) == []

    def test_a_key_is_any_bytes(self) -> None:
        """A random key is no text: most have bytes that are no UTF-8, and some end with what looks like a
        line break."""
        assert signature_holds(sign_session(SESSION, RANDOM_KEY), RANDOM_KEY) is True

    def test_a_token_is_a_text(self) -> None:
        """It goes into a header, and bytes are written there as `b'…'`."""
        assert isinstance(sign_session(SESSION, KEY), str)

    def test_the_id_of_the_key_stands_in_the_header(self) -> None:
        """Two keys hold while one is replaced, and the token says which of them is its own."""
        assert header_of(sign_session(SESSION, KEY, "2026")).get("kid") == "2026"
        assert header_of(sign_session(SESSION, KEY)).get("kid") is None

    def test_the_header_is_read_by_everybody_too(self) -> None:
        """It says how the token is signed. What is kept out of the claims is not to be told there."""
        named = header_of(sign_session(SESSION, KEY, "2026")).keys()
        assert sorted(named - {"alg", "typ", "kid"}) == []


@exercise("3.3")
class TestTheGuidesDecrypt:
    def test_our_own_token_says_who_it_is(self) -> None:
        """Ada's browser sends back what it got, and the page is hers."""
        session = verify_session_token(signed(), KEY, ISSUED)
        assert isinstance(session, Session)
        assert session.user_id == 1
        assert session == SESSION

    def test_a_generation_of_0_is_one(self) -> None:
        """It is everybody's who has never logged out everywhere. To Python it is as false as nothing at all,
        and a verifier that refuses it lets nobody in who is new."""
        session = verify_session_token(signed(gen=0), KEY, ISSUED)
        assert isinstance(session, Session)
        assert session.generation == 0

    @judging.request(
        "import jwt",
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'claims = jwt.decode(browser.cookies["__Host-session"].value, options={"verify_signature": False})',
        'token = jwt.encode({**claims, "sub": "3"}, b"x" * 32, headers={"kid": "lab"})',
        'browser.set_cookie("__Host-session", token)',
        'browser.get("/profile").status_code',
        closed=303,
    )
    def test_a_token_signed_with_another_key_is_refused(self) -> None:
        """Mallory signs as whoever she likes, with a key of her own."""
        assert verify_session_token(signed(key=ANOTHER_KEY), KEY, ISSUED) is None

    def test_a_swapped_payload_is_refused(self) -> None:
        """The signature belongs to one text. Mallory keeps it, and writes another number in between."""
        assert isinstance(verify_session_token(signed(), KEY, ISSUED), Session)
        assert verify_session_token(swapped(sub="2"), KEY, ISSUED) is None

    @judging.request(
        "import jwt",
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'claims = jwt.decode(browser.cookies["__Host-session"].value, options={"verify_signature": False})',
        'token = jwt.encode({**claims, "sub": "3"}, None, "none", headers={"kid": "lab"})',
        'browser.set_cookie("__Host-session", token)',
        'browser.get("/profile").status_code',
        closed=303,
    )
    def test_an_unsigned_token_is_refused(self) -> None:
        """Whoever writes the token writes its header. That it needs no signature is a visitor's word."""
        assert verify_session_token(unsigned("none"), KEY, ISSUED) is None

    def test_no_spelling_of_none_is_accepted(self) -> None:
        """A list of bad words ends with the spellings you thought of."""
        assert verify_session_token(unsigned("nOnE"), KEY, ISSUED) is None
        assert verify_session_token(unsigned("NONE"), KEY, ISSUED) is None
        assert verify_session_token(unsigned(""), KEY, ISSUED) is None

    def test_the_server_chooses_the_algorithm(self) -> None:
        """One key, one algorithm. The signature is good, and it is not the one that we make."""
        assert verify_session_token(signed(algorithm="HS512"), KEY, ISSUED) is None
        assert verify_session_token(signed(algorithm="HS384"), KEY, ISSUED) is None

    def test_a_public_key_is_no_secret(self) -> None:
        """The company next door signs with RS256, and its public key is on its website. A verifier that knows
        that key and lets the header choose believes whoever signs with its text by HS256."""
        assert verify_session_token(signed(iss=COMPANY, key=COMPANY_PUBLIC_KEY), KEY, ISSUED) is None
        assert verify_session_token(signed(iss=COMPANY, key=COMPANY_KEY_ON_ONE_LINE), KEY, ISSUED) is None

    def test_a_token_made_for_another_purpose_is_refused(self) -> None:
        """We signed it, for a mail that resets a password. Whoever reads that mail is not logged in by it."""
        assert verify_session_token(signed(aud="authlab.reset"), KEY, ISSUED) is None

    def test_a_purpose_is_compared_as_a_whole(self) -> None:
        """Our purposes all begin alike: a beginning tells nothing apart."""
        assert verify_session_token(signed(aud="authlab.sessions"), KEY, ISSUED) is None
        assert verify_session_token(signed(aud="authlab"), KEY, ISSUED) is None

    def test_a_token_for_two_purposes_is_refused(self) -> None:
        """A list in `aud` is for any that stands in it (RFC 7519), and PyJWT takes it so. We sign one text:
        a list was made by something that is not our `sign_session`."""
        aud = ["authlab.session", "authlab.reset"]
        assert verify_session_token(signed(aud=aud), KEY, ISSUED) is None
        assert verify_session_token(signed(aud=["authlab.session"]), KEY, ISSUED) is None

    def test_a_token_for_no_purpose_of_ours_is_refused(self) -> None:
        """Made for something else, or for nothing: in both cases not for this."""
        assert verify_session_token(signed(aud="the shop next door"), KEY, ISSUED) is None
        assert verify_session_token(signed(without="aud"), KEY, ISSUED) is None

    def test_a_token_of_another_issuer_is_refused(self) -> None:
        """Its member 1 is another person than ours."""
        assert verify_session_token(signed(iss="login.company.test"), KEY, ISSUED) is None

    def test_a_token_of_nobody_is_refused(self) -> None:
        """Whoever does not say whose it is may be anybody."""
        assert verify_session_token(signed(without="iss"), KEY, ISSUED) is None

    def test_an_issuer_is_compared_as_a_whole(self) -> None:
        """A name that begins like ours, is a part of it or is spelled otherwise is another's."""
        assert verify_session_token(signed(iss="authlab.evil.test"), KEY, ISSUED) is None
        assert verify_session_token(signed(iss="auth"), KEY, ISSUED) is None
        assert verify_session_token(signed(iss="AuthLab"), KEY, ISSUED) is None

    def test_a_token_that_has_run_out_is_refused(self) -> None:
        """`exp` is the first second that is too late (RFC 7519). A copy of the cookie does not go away by
        itself."""
        assert isinstance(verify_session_token(signed(), KEY, EXPIRES - 1), Session)
        assert verify_session_token(signed(), KEY, EXPIRES) is None
        assert verify_session_token(signed(), KEY, EXPIRES + 31_536_000) is None

    def test_the_time_is_the_one_that_is_given(self) -> None:
        """`now` says what time it is, in a test of the year 2100 as well as on the machine's clock."""
        token = signed(auth_time=4_102_444_800, iat=4_102_444_800, exp=4_103_049_600)
        assert isinstance(verify_session_token(token, KEY, 4_102_444_800), Session)

    def test_a_token_from_tomorrow_is_refused(self) -> None:
        """It was made by a clock that is wrong, or by somebody who plans ahead."""
        assert verify_session_token(signed(), KEY, ISSUED - 1) is None

    def test_a_token_without_an_end_is_refused(self) -> None:
        """What never says when it ends is good for ever, in whoever's hands it is."""
        assert verify_session_token(signed(without="exp"), KEY, ISSUED) is None

    def test_every_claim_is_asked_for(self) -> None:
        """A claim that is not there is a refusal, and no page that says 500."""
        assert verify_session_token(signed(without="sub"), KEY, ISSUED) is None
        assert verify_session_token(signed(without="sid"), KEY, ISSUED) is None
        assert verify_session_token(signed(without="jti"), KEY, ISSUED) is None
        assert verify_session_token(signed(without="auth_time"), KEY, ISSUED) is None
        assert verify_session_token(signed(without="iat"), KEY, ISSUED) is None
        assert verify_session_token(signed(without="gen"), KEY, ISSUED) is None

    def test_a_number_as_text_is_no_number(self) -> None:
        """PyJWT lets a text pass as `exp`. Compared with `now` it is an error, and a page that says 500."""
        assert verify_session_token(signed(exp="1768208400"), KEY, ISSUED) is None
        assert verify_session_token(signed(iat="1767603600"), KEY, ISSUED) is None

    def test_no_more_is_any_other_number(self) -> None:
        """Nobody compares these here. Somebody will, later, with a number."""
        assert verify_session_token(signed(auth_time="1767600000"), KEY, ISSUED) is None
        assert verify_session_token(signed(gen="2"), KEY, ISSUED) is None

    def test_true_is_no_number(self) -> None:
        """JSON has `true`, and to Python that is a whole number: `isinstance(True, int)`. We never sign
        it."""
        assert verify_session_token(signed(iat=True), KEY, ISSUED) is None
        assert verify_session_token(signed(iat=0, exp=True), KEY, 0) is None
        assert verify_session_token(signed(auth_time=True), KEY, ISSUED) is None
        assert verify_session_token(signed(gen=True), KEY, ISSUED) is None

    def test_no_number_and_half_a_second_are_no_time(self) -> None:
        """A claim can be there and hold nothing, or something that we never sign."""
        assert verify_session_token(signed(exp=None), KEY, ISSUED) is None
        assert verify_session_token(signed(exp=1768208400.5), KEY, ISSUED) is None

    def test_a_number_with_a_point_is_not_whole(self) -> None:
        """`1768208400.0` is equal to the number that we sign, and is not what we sign."""
        assert verify_session_token(signed(exp=1768208400.0), KEY, ISSUED) is None
        assert verify_session_token(signed(iat=1767603600.0), KEY, ISSUED) is None
        assert verify_session_token(signed(gen=2.0), KEY, ISSUED) is None

    def test_an_id_is_a_text(self) -> None:
        """And the user's is one of digits: there is no member called ada."""
        assert verify_session_token(signed(sub="ada"), KEY, ISSUED) is None
        assert verify_session_token(signed(sub=1), KEY, ISSUED) is None
        assert verify_session_token(signed(sid=7), KEY, ISSUED) is None
        assert verify_session_token(signed(jti=7), KEY, ISSUED) is None

    def test_what_looks_like_a_number_is_none(self) -> None:
        """`"²".isdigit()` is true, and `int("²")` an error. A refusal, and no page that says 500."""
        assert verify_session_token(signed(sub="²"), KEY, ISSUED) is None

    def test_a_sign_or_a_space_is_no_digit(self) -> None:
        """`int` takes more than digits: a sign, space around them, `_` between them. So one member would have
        many names."""
        assert verify_session_token(signed(sub="-1"), KEY, ISSUED) is None
        assert verify_session_token(signed(sub=" 1"), KEY, ISSUED) is None
        assert verify_session_token(signed(sub="1\n"), KEY, ISSUED) is None
        assert verify_session_token(signed(sub="1_0"), KEY, ISSUED) is None

    def test_digits_are_those_that_we_write(self) -> None:
        """A full-width 1 is a digit to `isdecimal` and to `int`, and no text that we ever sign."""
        assert verify_session_token(signed(sub="\uff11"), KEY, ISSUED) is None

    def test_a_number_that_is_too_long_is_refused(self) -> None:
        """From 4301 digits on, `int` raises a ValueError. A refusal, and no page that says 500."""
        assert verify_session_token(signed(sub="9" * 5000), KEY, ISSUED) is None

    def test_a_signature_is_compared_as_a_whole(self) -> None:
        """A piece of it is the beginning of it, and no text at all is the beginning of every text. (8
        characters are 6 bytes of 32.)"""
        assert verify_session_token(cut_off(0), KEY, ISSUED) is None
        assert verify_session_token(cut_off(8), KEY, ISSUED) is None

    def test_a_header_may_name_its_key(self) -> None:
        """The app's own tokens do, or no key could ever be replaced."""
        assert isinstance(verify_session_token(named("2026"), KEY, ISSUED), Session)

    def test_a_token_may_last_longer_than_a_week(self) -> None:
        """It holds until `exp`. How far away that may be is decided where the token is made."""
        assert isinstance(verify_session_token(signed(exp=ISSUED + 2_592_000), KEY, ISSUED), Session)

    def test_what_is_no_token_is_refused(self) -> None:
        """A cookie holds whatever somebody wrote into it, and it is read on every page."""
        assert verify_session_token("", KEY, ISSUED) is None
        assert verify_session_token("1", KEY, ISSUED) is None
        assert verify_session_token("a.b.c", KEY, ISSUED) is None
        assert verify_session_token("é.é.é", KEY, ISSUED) is None

    def test_half_a_character_is_refused(self) -> None:
        """Half of a surrogate pair is a text that cannot be encoded. PyJWT lets that error out as it is: a
        ValueError, and none of its own."""
        assert verify_session_token("\ud800", KEY, ISSUED) is None
        assert verify_session_token(signed() + "\ud800", KEY, ISSUED) is None

    def test_nothing_stands_behind_the_signature(self) -> None:
        """A token is three texts. With a fourth it is none that we made."""
        assert verify_session_token(signed() + ".x", KEY, ISSUED) is None


@exercise("3.4")
class TestTheVisitorNamesTheKey:
    def test_each_id_stands_for_its_key(self) -> None:
        """Two keys hold while one replaces the other; each token names its own."""
        assert pick_key("2026", {"2025": b"the old key", "2026": b"the new key"}) == b"the new key"
        assert pick_key("2025", {"2025": b"the old key", "2026": b"the new key"}) == b"the old key"

    def test_a_token_that_names_no_key_gets_none(self) -> None:
        """A guess in place of a name makes the name worth nothing."""
        assert pick_key(None, {"2025": b"the old key", "2026": b"the new key"}) is None

    def test_a_ring_of_one_is_a_ring(self) -> None:
        """The only key there is was not named either."""
        assert pick_key(None, {"2026": b"the new key"}) is None
        assert pick_key("2025", {"2026": b"the new key"}) is None

    def test_an_id_that_we_never_gave_out_is_no_key(self) -> None:
        """Taking a key out of the ring ends its tokens, unless another key steps in. And no error: it is a
        visitor's text."""
        assert pick_key("2024", {"2025": b"the old key", "2026": b"the new key"}) is None
        assert pick_key("None", {"2025": b"the old key", "2026": b"the new key"}) is None
        assert pick_key("2026", {}) is None

    def test_any_text_can_be_asked_for(self) -> None:
        """The visitor's text need not be ASCII, nor one that can be encoded. None of it is an error."""
        assert pick_key("é", {"2025": b"the old key", "2026": b"the new key"}) is None
        assert pick_key("\ud800", {"2025": b"the old key", "2026": b"the new key"}) is None

    def test_half_an_id_is_none(self) -> None:
        """An id is compared as a whole."""
        assert pick_key("202", {"2025": b"the old key", "2026": b"the new key"}) is None
        assert pick_key("", {"2025": b"the old key", "2026": b"the new key"}) is None
        assert pick_key("2026-b", {"2025": b"the old key", "2026": b"the new key"}) is None

    def test_an_id_is_looked_up_as_it_came(self) -> None:
        """Another spelling is an id that we never gave out."""
        assert pick_key("SPRING", {"spring": b"the old key", "summer": b"the new key"}) is None
        assert pick_key(" summer", {"spring": b"the old key", "summer": b"the new key"}) is None
        assert pick_key("../summer", {"spring": b"the old key", "summer": b"the new key"}) is None

    @judging.request(
        "import jwt",
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'claims = jwt.decode(browser.cookies["__Host-session"].value, options={"verify_signature": False})',
        'logo, kid = browser.get("/static/favicon.svg").content, "../static/favicon.svg"',
        'token = jwt.encode({**claims, "sub": "3"}, logo, headers={"kid": kid})',
        'browser.set_cookie("__Host-session", token)',
        'browser.get("/profile").status_code',
        closed=303,
    )
    def test_an_id_is_no_path(self) -> None:
        """Mallory signs with a file that everybody can read, and names that file as the key."""
        assert pick_key("../static/favicon.svg", {"2026": b"the new key"}) is None
        assert pick_key("/dev/null", {"2026": b"the new key"}) is None

    def test_a_path_from_the_root_is_none_either(self) -> None:
        """Joined to a folder, a path that begins at the root leaves it: pathlib drops what stood before."""
        assert pick_key(__file__, {"2026": b"the new key"}) is None

    def test_a_path_that_was_cleaned_is_still_a_path(self) -> None:
        """Take `../` out of `....//`, and there it is again."""
        assert pick_key("....//static/favicon.svg", {"2026": b"the new key"}) is None

    def test_equal_is_enough(self) -> None:
        """The visitor's text is another object than ours. `is` asks for one object."""
        assert (
            pick_key("SPRING".lower(), {"spring": b"the old key", "summer": b"the new key"}) == b"the old key"
        )

    def test_asking_changes_nothing(self) -> None:
        """The ring is the app's, for as long as it runs. Whatever visitors ask for, it has two keys after it
        as before."""
        ring = {"2025": b"the old key", "2026": b"the new key"}
        pick_key("2024", ring)
        pick_key("2026", ring)
        assert ring == {"2025": b"the old key", "2026": b"the new key"}


class WatchedBrowser(Browser):
    """A browser that remembers which token was written into it last: a refused one is deleted by the app."""

    written = ""

    def set_cookie(self, name: str, value: str) -> None:
        """Write a cookie."""
        self.written = value
        super().set_cookie(name, value)


def wrong_with(forged: str) -> str | None:
    """Return what the app of 3.5 minds in a forged token, or None."""
    if forged.count(".") != 2:
        return f"a token of {forged.count('.') + 1} parts"
    if "=" in forged:
        return "a token with '=' in it"
    try:
        header, claims = header_of(forged), claims_of(forged)
    except (jwt.InvalidTokenError, ValueError):
        return "a token whose first two parts are not both JSON in base64"
    algorithm, missing = header.get("alg"), sorted(CLAIMS - claims.keys())
    if header.get("kid") != "lab":
        return f"a header whose kid is {header.get('kid')!r}, which is no key of the app's"
    if algorithm == "none":
        return "the algorithm 'none', which the app refuses by name"
    if algorithm == "HS256":
        return "the algorithm 'HS256', under which the app compares the signature"
    if str(algorithm).lower() != "none":
        return f"the algorithm {algorithm!r}, which the app does not know"
    if not forged.endswith("."):
        return "a signature, under an algorithm that has none"
    if missing:
        return f"no {', '.join(missing)} among the claims"
    if claims["sub"] != "3":
        return f"a token whose sub is {claims['sub']!r}"
    return None


def forge_wins() -> None:
    """Assert that `forge` wins; where the app has refused its token, say what was wrong with that one."""
    browsers: list[WatchedBrowser] = []

    def cast(app: LabApp) -> tuple[Browser]:
        browsers.append(WatchedBrowser(app, app.clock))
        return (browsers[0],)

    try:
        judging.attack_wins("3.5", page="Your profile", cast=cast)
    except AssertionError as failed:
        wrong = wrong_with(browsers[0].written) if browsers[0].written else None
        if wrong is None:
            raise
        raise AssertionError(
            f"forge(browser): expected a token that this app takes for member 3's, got {wrong}"
            f"\n{str(failed).partition(chr(10))[2]}"
        ) from None


@exercise("3.5")
class TestATokenThatNobodySigned:
    def test_it_reads_the_page_where_the_hole_is(self) -> None:
        """A verifier is a row of questions, and a forged token has to pass them all: read the lesson's from
        the top with yours in hand."""
        forge_wins()

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where one algorithm is allowed, no spelling of another opens anything."""
        judging.attack_loses("3.5")


@exercise("3.6")
class TestATestThatTrustingVerifiersDoNotSurvive:
    def test_it_spares_right_verifiers(self) -> None:
        """A test that refuses a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("3.6")

    def test_it_catches_the_wrong_verifiers_of_this_lesson(self) -> None:
        """A test that cannot fail proves nothing."""
        judging.proof_catches_the_taught("3.6")
