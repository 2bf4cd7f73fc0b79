"""A visitor's browsers: their names on the page of sessions (lesson 5), and which we know (lesson 11)."""

import hashlib
import hmac

# In this order: each browser also names those it wants to be taken for.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
MAX_CHARACTERS = 60


def device_name(user_agent: str) -> str:
    """Return a short name for a browser: `Firefox on Linux`, or what it calls itself where we do not know it.

    The header is the visitor's own word. It is shown to them and believed nowhere.
    """
    browser = next((name for sign, name in BROWSERS if f"{sign}/" in user_agent), None)
    system = next((name for sign, name in SYSTEMS if sign in user_agent), None)
    if browser is not None:
        return browser if system is None else f"{browser} on {system}"
    visible = "".join(character for character in user_agent if character.isprintable())
    return visible[:MAX_CHARACTERS].strip() or "an unknown browser"


def device_nonce(random: bytes, now: int) -> str:
    """Return a nonce for `device_token` that says when it was given: the token's proof covers it."""
    return f"{now:x}-{random.hex()}"


def given_at(nonce: str) -> int:
    """Return when a proven nonce was given, in seconds since 1970; 0 for one that does not say."""
    try:
        return int(nonce.rpartition("-")[0], 16)  # nothing where there is no dash: random digits are no time
    except ValueError:
        return 0


def device_token(email: str, nonce: str, key: bytes) -> str:
    """Return what a browser keeps after its owner has logged in from it: `nonce.proof`.

    The proof binds the nonce to the account, so a token of Mallory's own account is no known device of Ada's.

    Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
    """
    proof = hmac.new(key, f"device {nonce} {email}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"{nonce}.{proof.hexdigest()}"


def known_device(token: str | None, email: str, key: bytes) -> str | None:
    """Return the nonce of a token that `email`'s owner got in this browser, or None.

    It spares the owner the limits that strangers' guesses have used up. It proves no identity: the password
    is asked for all the same, and guesses from a known device are counted too.
    """
    nonce, _, _ = (token or "").partition(".")
    expected = device_token(email, nonce, key)
    same = hmac.compare_digest(
        (token or "").encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )
    return nonce if same else None
