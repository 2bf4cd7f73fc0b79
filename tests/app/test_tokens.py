"""Session tokens: signed, not secret, and every refusal is the same None."""

import base64
import json
from dataclasses import FrozenInstanceError
from typing import Any

import jwt
import pytest

from authlab.errors import SettingsError
from authlab.tokens import (
    Session,
    load_secret,
    pick_key,
    sign_session,
    verify_session_token,
    verify_with_ring,
)

KEY = b"a key for tests, known to all!!!"
OTHER_KEY = b"another key, of another app!!!!!"
ISSUED = 1_767_603_600
EXPIRES = 1_768_208_400  # seven days later
LOGGED_IN = 1_767_600_000  # an hour before: the token is a refreshed one
SESSION = Session(
    user_id=1,
    session_id="5e55",
    token_id="70ce",
    authenticated_at=LOGGED_IN,
    issued_at=ISSUED,
    expires_at=EXPIRES,
    generation=2,
)
CLAIMS: dict[str, Any] = {
    "iss": "authlab",
    "aud": "authlab.session",
    "sub": "1",
    "sid": "5e55",
    "jti": "70ce",
    "auth_time": LOGGED_IN,
    "iat": ISSUED,
    "exp": EXPIRES,
    "gen": 2,
}


def signed(claims: dict[str, Any], key: bytes = KEY, algorithm: str = "HS256") -> str:
    """A token that somebody with `key` made: us, if it is ours."""
    return jwt.encode(claims, key, algorithm=algorithm)


def segment(content: object) -> str:
    """One part of a token, written by hand."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_a_token_says_what_was_signed() -> None:
    """Ada's browser sends back what it got."""
    assert verify_session_token(sign_session(SESSION, KEY), KEY, ISSUED) == SESSION


def test_a_token_written_by_hand_with_our_key_is_ours() -> None:
    """The refusals below refuse for their own reason, and not because these claims are wrong."""
    assert verify_session_token(signed(CLAIMS), KEY, ISSUED) == SESSION


def test_everybody_can_read_a_token_so_it_carries_ids_and_times_only() -> None:
    """The guide calls it encrypting; it is signing. No name, address or role is in it."""
    payload = sign_session(SESSION, KEY).split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == CLAIMS


def test_what_a_token_has_said_cannot_be_changed() -> None:
    """It was proven once: a user's number that is changed afterwards is proven by nothing."""
    session = verify_session_token(sign_session(SESSION, KEY), KEY, ISSUED)
    with pytest.raises(FrozenInstanceError):
        session.user_id = 2  # type: ignore[misc, union-attr]


def test_a_user_who_never_logged_out_everywhere_is_at_zero() -> None:
    """What a session says without being told; a token always says it."""
    session = Session(1, "5e55", "70ce", LOGGED_IN, ISSUED, EXPIRES)
    again = verify_session_token(sign_session(session, KEY), KEY, ISSUED)
    assert again is not None
    assert again.generation == 0


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        pytest.param(ISSUED - 1, False, id="issued in the future"),
        pytest.param(ISSUED, True, id="just issued"),
        pytest.param(EXPIRES - 1, True, id="its last second"),
        pytest.param(EXPIRES, False, id="now == exp"),
        pytest.param(EXPIRES + 1, False, id="run out"),
    ],
)
def test_a_token_holds_from_its_issue_until_it_expires(now: int, holds: bool) -> None:
    """`exp` is the first second that is too late (RFC 7519, 4.1.4: "on or after" it)."""
    assert (verify_session_token(signed(CLAIMS), KEY, now) is not None) is holds


@pytest.mark.parametrize("years", [-50, 100])
def test_a_token_s_times_are_compared_with_ours_and_not_with_the_machine_s(years: int) -> None:
    """A lesson's clock stands still in another year. `nbf` is no time of ours, and not asked."""
    away = years * 365 * 24 * 3600
    times = {name: CLAIMS[name] + away for name in ("auth_time", "iat", "exp")}
    token = signed({**CLAIMS, **times, "nbf": times["iat"]})
    assert verify_session_token(token, KEY, ISSUED + away) is not None
    assert verify_session_token(token, KEY, EXPIRES + away) is None


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", ""])
def test_an_unsigned_token_is_refused(algorithm: str) -> None:
    """Mallory writes the header himself: it says that no signature is needed."""
    header, payload = segment({"alg": algorithm, "typ": "JWT"}), segment(CLAIMS)
    _, _, good_signature = signed(CLAIMS).split(".")
    assert verify_session_token(f"{header}.{payload}.", KEY, ISSUED) is None
    assert verify_session_token(f"{header}.{payload}.{good_signature}", KEY, ISSUED) is None


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"alg": None}, {"alg": ["HS256"]}, [], "x"])
def test_a_header_that_names_no_algorithm_is_refused(header: object) -> None:
    """Without a name there is no default to fall back to."""
    _, payload, signature = signed(CLAIMS).split(".")
    assert verify_session_token(f"{segment(header)}.{payload}.{signature}", KEY, ISSUED) is None


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_the_server_chooses_the_algorithm(algorithm: str) -> None:
    """Even a good signature is refused under another algorithm: the token's header has no say."""
    assert verify_session_token(signed(CLAIMS, algorithm=algorithm), KEY, ISSUED) is None


def test_a_token_signed_with_another_key_is_refused() -> None:
    """Mallory signs as user 1, with a key of his own."""
    assert verify_session_token(signed(CLAIMS, key=OTHER_KEY), KEY, ISSUED) is None


def test_a_swapped_payload_breaks_the_signature() -> None:
    """Mallory keeps his token's header and signature and writes the admin's number between."""
    header, _, signature = signed({**CLAIMS, "sub": "3"}).split(".")
    payload = segment({**CLAIMS, "sub": "2"})
    assert verify_session_token(f"{header}.{payload}.{signature}", KEY, ISSUED) is None


def test_a_signature_that_is_cut_short_is_refused() -> None:
    """What is missing cannot be compared: a comparison of the shorter length would let it pass."""
    token = signed(CLAIMS)
    assert verify_session_token(token[:-1], KEY, ISSUED) is None
    assert verify_session_token(token[:-20], KEY, ISSUED) is None
    assert verify_session_token(token[: token.rindex(".") + 1], KEY, ISSUED) is None


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"aud": "authlab.reset"}, id="made to reset a password"),
        pytest.param({"aud": "authlab.sessions"}, id="a purpose that begins like ours"),
        pytest.param({"aud": ""}, id="for no purpose"),
        pytest.param({"aud": ["authlab.session"]}, id="aud is a list"),
        pytest.param({"aud": ["authlab.session", "authlab.reset"]}, id="for two purposes"),
        pytest.param({"iss": "evil"}, id="of another issuer"),
        pytest.param({"sub": "ada"}, id="sub is no number"),
        pytest.param({"sub": ""}, id="sub is empty"),
        pytest.param({"sub": "-1"}, id="sub is below zero"),
        pytest.param({"sub": " 1"}, id="a space before sub"),
        pytest.param({"sub": "1\n"}, id="a line break after sub"),
        pytest.param({"sub": "1_0"}, id="sub as Python writes it"),
        pytest.param({"sub": "\uff11"}, id="sub in digits of another script"),
        pytest.param({"sub": "²"}, id="sub in digits that int does not know"),
        pytest.param({"sub": "9" * 5000}, id="sub of more digits than int takes"),
        pytest.param({"sub": 1}, id="sub is no text"),
        pytest.param({"sub": None}, id="sub is null"),
        pytest.param({"jti": 7}, id="jti is no text"),
        pytest.param({"sid": 7}, id="sid is no text"),
        pytest.param({"sid": None}, id="sid is null"),
        pytest.param({"auth_time": str(LOGGED_IN)}, id="auth_time as text"),
        pytest.param({"auth_time": None}, id="auth_time is null"),
        pytest.param({"gen": "2"}, id="gen as text"),
        pytest.param({"gen": True}, id="gen is true"),
        pytest.param({"exp": str(EXPIRES)}, id="exp as text"),
        pytest.param({"exp": float(EXPIRES)}, id="exp as a float"),
        pytest.param({"exp": 1e400}, id="exp at infinity"),
        pytest.param({"exp": None}, id="exp is null"),
        pytest.param({"iat": str(ISSUED)}, id="iat as text"),
        pytest.param({"iat": False}, id="iat is false"),
        pytest.param({"iat": [ISSUED]}, id="iat is a list"),
    ],
)
def test_a_claim_of_another_kind_is_refused(changed: dict[str, Any]) -> None:
    """Signed with our key, and still no session: made for one purpose, it serves no other."""
    assert verify_session_token(signed_by_hand({**CLAIMS, **changed}), KEY, ISSUED) is None


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "jti", "auth_time", "iat", "exp", "gen"])
def test_a_missing_claim_is_refused(claim: str) -> None:
    """A token without `exp` would hold for ever, and one without `aud` would serve any purpose."""
    claims = {name: value for name, value in CLAIMS.items() if name != claim}
    assert verify_session_token(signed(claims), KEY, ISSUED) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("1", id="a bare number"),
        pytest.param("..", id="dots"),
        pytest.param("a.b", id="two parts"),
        pytest.param("a.b.c.d", id="four parts"),
        pytest.param("é.é.é", id="not ASCII"),
        pytest.param("\x00", id="a zero byte"),
        pytest.param("\ud800", id="a lone surrogate"),
        pytest.param("a.b.\udfff", id="a lone surrogate as signature"),
        pytest.param(base64.urlsafe_b64encode(b"[" * 9_000).decode() + ".e30.eHh4", id="deep"),
        pytest.param(segment({"alg": "HS256", "b64": False}) + "..eHh4", id="a detached payload"),
    ],
)
def test_what_is_no_token_is_refused_and_no_crash(text: str) -> None:
    """A cookie holds whatever somebody wrote into it, and is read on every page."""
    assert verify_session_token(text, KEY, ISSUED) is None


def test_a_lone_surrogate_behind_a_good_token_is_refused() -> None:
    """It cannot be encoded as UTF-8, and PyJWT lets that error out as it is."""
    assert verify_session_token(signed(CLAIMS) + "\ud800", KEY, ISSUED) is None


# A ring of keys

RING = {"2025": OTHER_KEY, "2026": KEY}


def test_a_key_is_picked_by_its_id() -> None:
    """Each id stands for one key, and only for that one."""
    assert pick_key("2026", RING) == KEY
    assert pick_key("2025", RING) == OTHER_KEY


@pytest.mark.parametrize(
    "kid",
    [
        pytest.param(None, id="no id"),
        pytest.param("", id="an empty one"),
        pytest.param("202", id="the beginning of two"),
        pytest.param("2026 ", id="one with a space"),
        pytest.param("None", id="the word for none"),
        pytest.param("../static/favicon.svg", id="a path"),
        pytest.param("/dev/null", id="a path to nothing"),
        pytest.param("2024' UNION SELECT 'secret", id="a query"),
        pytest.param("\ud800", id="a lone surrogate"),
    ],
)
def test_an_id_that_we_never_gave_out_is_no_key(kid: str | None) -> None:
    """It is the visitor's text: looked up, and nothing else done with it."""
    assert pick_key(kid, RING) is None


def test_two_keys_hold_while_one_is_replaced() -> None:
    """Nobody is logged out by the new key; each token is verified with the key that it names."""
    old, new = sign_session(SESSION, OTHER_KEY, "2025"), sign_session(SESSION, KEY, "2026")
    assert verify_with_ring(old, RING, ISSUED) == SESSION
    assert verify_with_ring(new, RING, ISSUED) == SESSION


def test_a_key_taken_out_of_the_ring_ends_its_tokens() -> None:
    """Without an id in the ring there is no key to try, and no other is tried in its place."""
    old = sign_session(SESSION, OTHER_KEY, "2025")
    assert verify_with_ring(old, {"2026": KEY}, ISSUED) is None


@pytest.mark.parametrize("kid", ["2025", "../static/favicon.svg", None])
def test_a_token_holds_under_the_key_that_it_names_and_no_other(kid: str | None) -> None:
    """Signed with one key of ours, it names another, none at all, or a file."""
    assert verify_with_ring(sign_session(SESSION, KEY, kid), RING, ISSUED) is None


@pytest.mark.parametrize("kid", [7, None, True, ["2026"], {"2026": 1}])
def test_an_id_that_is_no_text_is_refused_and_no_crash(kid: object) -> None:
    """A list cannot be looked up: it has no hash, and asking raises an error."""
    _, payload, signature = sign_session(SESSION, KEY, "2026").split(".")
    header = segment({"alg": "HS256", "typ": "JWT", "kid": kid})
    assert verify_with_ring(f"{header}.{payload}.{signature}", RING, ISSUED) is None


@pytest.mark.parametrize("text", ["", "..", "a.b.c", "\ud800", "é.é.é", f"{segment(['kid'])}.b.c"])
def test_a_ring_refuses_what_is_no_token(text: str) -> None:
    """The header is read before anything is proven, so it may be anything."""
    assert verify_with_ring(text, RING, ISSUED) is None


def test_a_ring_compares_times_too() -> None:
    """The key is right, and the session is over."""
    assert verify_with_ring(sign_session(SESSION, KEY, "2026"), RING, EXPIRES) is None


def test_without_an_id_the_header_says_nothing_of_keys() -> None:
    """An app with one key has nothing to name."""
    assert jwt.get_unverified_header(sign_session(SESSION, KEY)) == {"alg": "HS256", "typ": "JWT"}
    assert jwt.get_unverified_header(sign_session(SESSION, KEY, "2026"))["kid"] == "2026"


# load_secret

_32_BYTES = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="  # 44 characters


def test_a_secret_is_the_bytes_and_not_their_text() -> None:
    """`openssl rand -base64 32` prints 44 characters for 32 bytes, and a line break."""
    assert load_secret({"SESSION_SECRET": _32_BYTES}, "SESSION_SECRET") == (
        b"0123456789abcdef0123456789abcdef"
    )
    assert len(load_secret({"SESSION_SECRET": _32_BYTES + "\n"}, "SESSION_SECRET")) == 32


@pytest.mark.parametrize(
    ("env", "said"),
    [
        pytest.param({}, "SESSION_SECRET is not set", id="missing"),
        pytest.param({"SESSION_SECRET": ""}, "SESSION_SECRET is not set", id="empty"),
        pytest.param({"SESSION_SECRET": "  "}, "SESSION_SECRET is not set", id="spaces"),
        pytest.param({"OTHER_SECRET": _32_BYTES}, "SESSION_SECRET is not set", id="another's"),
        pytest.param(
            {"SESSION_SECRET": "your_secret_key"},
            "expected base64 of 32 bytes, got",
            id="the guide's own, which everybody knows",
        ),
        pytest.param(
            {"SESSION_SECRET": _32_BYTES[:-1]},
            "expected base64 of 32 bytes, got",
            id="cut while copying",
        ),
        pytest.param(
            {"SESSION_SECRET": f'"{_32_BYTES}"'},
            "expected base64 of 32 bytes, got",
            id="with quotes around it",
        ),
        pytest.param(
            {"SESSION_SECRET": "ключ" * 11},
            "expected base64 of 32 bytes, got",
            id="not ASCII",
        ),
        pytest.param(
            {"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ=="},
            "expected at least 32 bytes, got 31",
            id="31 bytes in 44 characters",
        ),
        pytest.param({"SESSION_SECRET": "cGFzc3dvcmQx"}, "expected at least 32 bytes, got 9", id="a word"),
    ],
)
def test_without_a_good_secret_the_app_does_not_start(env: dict[str, str], said: str) -> None:
    """One line: what was expected, what came, the command that makes one; never the secret."""
    with pytest.raises(SettingsError) as refused:
        load_secret(env, "SESSION_SECRET")
    message = str(refused.value)
    assert said in message
    assert message.startswith("SESSION_SECRET")
    assert message.endswith("Make them with: python3 -m authlab secret --env >> .env")
    assert "\n" not in message
    value = env.get("SESSION_SECRET", "").strip()
    assert not value or value not in message, "the message shows the secret, and logs keep messages"


def signed_by_hand(claims: dict[str, Any]) -> str:
    """A token with our good signature over claims that PyJWT itself would refuse to encode."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), KEY, algorithm="HS256")
