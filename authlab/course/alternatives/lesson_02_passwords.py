"""Right answers to lesson 2 in other styles than the package's. Each fits its other parts."""

import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import random
import re
import secrets
import sqlite3
import string
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import bcrypt

from authlab.course.bank import alternative
from authlab.db import (
    UserRow,
    all_users,
    insert_user,
    search_users,
    set_password_hash,
    transaction,
    user_by_email,
    user_by_id,
)
from authlab.devices import device_token
from authlab.forms import SignupForm, canonical_email
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.passwords import hash_password, needs_rehash, password_digest, unmatchable_hash, verify_password
from authlab.request import BodyLimits
from authlab.server_only import ServerOnly
from authlab.settings import Limit

DIGEST = "authlab.passwords:password_digest"
HASH = "authlab.passwords:hash_password"
VERIFY = "authlab.passwords:verify_password"
REHASH = "authlab.passwords:needs_rehash"
CREATE = "authlab.accounts:create_user"
AUTHENTICATE = "authlab.accounts:authenticate"
BY_EMAIL = "authlab.db:user_by_email"
SEARCH = "authlab.db:search_team"
BODY = "authlab.request:body_limits"
LIMITER = "authlab.limits:RateLimiter"
LOGIN_KEY = "authlab.limits:login_key"
CLIENT_IP = "authlab.limits:client_ip"
KNOWN = "authlab.devices:known_device"
DEVICE = "authlab.devices:device_token"
TAKE_OVER = "authlab.course.kata.lesson_02_passwords:take_over"
PROOF = "authlab.course.kata.lesson_02_passwords:prove_authenticate"


# 2.1


@alternative(DIGEST)
def digest_in_hexadecimal(password: str, *, pepper: bytes) -> bytes:
    """SHA-256 has 32 bytes, which are 64 characters: half as many bits as bytes would hold, and enough."""
    return hmac.digest(pepper, password.encode(errors="surrogatepass"), "sha256").hex().encode()


@alternative(DIGEST)
def digest_by_blake2(password: str, *, pepper: bytes) -> bytes:
    """BLAKE2 takes a key without HMAC, of 64 bytes at most; base 85 needs less room than base 64."""
    keyed = hashlib.blake2b(key=hashlib.blake2b(pepper).digest(), digest_size=48)
    for character in password:
        keyed.update(character.encode("utf-32-le", "surrogatepass"))
    return base64.b85encode(keyed.digest())


@alternative(DIGEST)
def digest_of_one_normal_form(password: str, *, pepper: bytes) -> bytes:
    """é in one code point or in two is one password. The digest is long, and 72 bytes of it will do."""
    composed = unicodedata.normalize("NFC", password)
    keyed = hmac.new(pepper, composed.encode("utf-16", "surrogatepass"), "sha512")
    return base64.urlsafe_b64encode(keyed.digest())[:72]


@alternative(DIGEST)
def digest_of_the_numbers(password: str, *, pepper: bytes) -> bytes:
    """The number of each character with commas between, so that it is seen where one ends."""
    numbers = ",".join(str(ord(character)) for character in password)
    return hashlib.sha256(pepper + numbers.encode()).hexdigest().encode()


# 2.2


@alternative(HASH)
def hash_with_letters_of_the_system(password: str, *, rounds: int, pepper: bytes) -> str:
    """Letter by letter, each drawn by the system; of the last one bcrypt reads two bits."""
    letters = "./" + string.ascii_letters + string.digits
    salt = "".join(secrets.choice(letters) for _ in range(21)) + random.SystemRandom().choice(".Oeu")
    digest = password_digest(password, pepper=pepper)
    return bcrypt.hashpw(digest, f"$2b${rounds:02d}${salt}".encode()).decode()


@alternative(HASH)
def hash_step_by_step(password: str, *, rounds: int, pepper: bytes) -> str:
    """Every step has a name."""
    digest = password_digest(password, pepper=pepper)
    salt = bcrypt.gensalt(rounds=rounds, prefix=b"2b")
    hashed = bcrypt.hashpw(password=digest, salt=salt)
    return str(hashed, "ascii")


@alternative(HASH)
def hash_with_a_salt_by_hand(password: str, *, rounds: int, pepper: bytes) -> str:
    """What `gensalt` does: the cost, and 16 random bytes in bcrypt's own base 64, which begins with `./`."""
    plain = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    own = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits
    drawn = base64.b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    salt = f"$2b${rounds:0>2}${drawn.translate(str.maketrans(plain, own))}"
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt.encode()).decode()


@alternative(HASH)
def hash_in_another_thread(password: str, *, rounds: int, pepper: bytes) -> str:
    """bcrypt takes its time: a server with one loop for all lets a thread wait for it. And it looks at it."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        slow = pool.submit(bcrypt.hashpw, password_digest(password, pepper=pepper), bcrypt.gensalt(rounds))
    hashed = slow.result().decode("ascii")
    logging.getLogger(__name__).debug("hashed at the cost %s", hashed[4:6])
    if re.fullmatch(r"\$2b\$\d\d\$[./A-Za-z0-9]{53}", hashed) is None:
        raise RuntimeError("bcrypt returned something else than a hash")
    return hashed


@alternative(VERIFY)
def verify_by_hashing_again(password: str, hashed: str, *, pepper: bytes) -> bool:
    """A hash contains its salt and cost, so it can stand in for them: hash again and compare."""
    stored = hashed.encode("ascii")
    return hmac.compare_digest(bcrypt.hashpw(password_digest(password, pepper=pepper), stored), stored)


@alternative(VERIFY)
def verify_and_refuse_what_is_no_hash(password: str, hashed: str, *, pepper: bytes) -> bool:
    """A stored text that is no bcrypt hash matches no password either."""
    try:
        return bcrypt.checkpw(password_digest(password, pepper=pepper), hashed.encode())
    except ValueError:
        return False


@alternative(REHASH)
def cost_by_position(hashed: str, *, rounds: int) -> bool:
    """A bcrypt hash has a fixed layout: the cost is characters 4 and 5."""
    return hashed[4:6] != f"{rounds:02d}"


@alternative(REHASH)
def cost_by_pattern(hashed: str, *, rounds: int) -> bool:
    """Whatever does not say today's cost in the right place is hashed again."""
    found = re.match(r"\$2[abxy]\$(?P<cost>\d\d)\$", hashed)
    if found is None:
        return True
    return int(found["cost"]) != rounds


# 2.3


@alternative(CREATE)
def insert_on_conflict_do_nothing(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """No exception: the statement says itself what happens when the address is taken."""
    row = db.execute(
        """
        -- Of several at once the database lets in one.
        INSERT INTO users (name, email, password_hash, created_at)
        VALUES (:name, :email, :password_hash, :now)
        ON CONFLICT (email) DO NOTHING RETURNING id
        """,
        {
            "name": form.name,
            "email": form.email,
            "password_hash": hash_password(form.password, rounds=rounds, pepper=pepper),
            "now": now,
        },
    ).fetchone()
    return None if row is None else int(row[0])


@alternative(CREATE)
def ask_under_the_write_lock(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Asking first is right for whoever holds the write lock: a write that changes nothing takes it."""
    slow = hash_password(form.password, rounds=rounds, pepper=pepper)  # not while others wait
    db.execute("UPDATE users SET id = id WHERE id IS NULL")
    if user_by_email(db, form.email) is not None:
        return None
    return insert_user(db, name=form.name, email=form.email, password_hash=slow, now=now)


@alternative(CREATE)
def back_to_the_savepoint(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """A savepoint may stand inside a transaction or be one, and it is released in both cases."""
    stored = hash_password(form.password, rounds=rounds, pepper=pepper)
    db.execute("SAVEPOINT one_account")
    try:
        return insert_user(db, name=form.name, email=form.email, password_hash=stored, now=now)
    except sqlite3.IntegrityError:
        db.execute("ROLLBACK TO one_account")
    finally:
        db.execute("RELEASE one_account")
    return None


@alternative(CREATE)
def lock_unless_the_caller_has(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Where nobody has begun, begin with the write lock: then nobody comes between question and insert."""
    stored = hash_password(form.password, rounds=rounds, pepper=pepper)
    own = not db.in_transaction
    if own:
        db.execute("BEGIN IMMEDIATE")
    try:
        return insert_user(db, name=form.name, email=form.email, password_hash=stored, now=now)
    except sqlite3.IntegrityError:
        return None
    finally:
        if own:
            db.execute("COMMIT")


# 2.4


@alternative(AUTHENTICATE)
def no_address_no_account(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """What is no address is refused without a hash: whoever sends it knows that it has no account."""
    address = canonical_email(email)
    if address is None:
        return None
    user = user_by_email(db, address)
    if user is None:
        verify_password(password, unmatchable_hash(rounds), pepper=pepper)
        return None
    stored = user.password_hash.reveal()
    if not verify_password(password, stored, pepper=pepper) or user.disabled:
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@alternative(AUTHENTICATE)
def decide_once_at_the_end(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """No way out before the hash: both facts are gathered, then they are judged together."""
    user = user_by_email(db, canonical_email(email) or "")  # no account has an empty address
    dummy = bcrypt.gensalt(rounds).decode() + "." * 31
    stored = user.password_hash.reveal() if user else dummy
    matches = verify_password(password, stored, pepper=pepper)
    if not (user and matches and not user.disabled):
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        db.execute(
            "/* in place of no other */ UPDATE users SET password_hash = :renewed"
            " WHERE id = :id AND password_hash = :stored",
            {"renewed": renewed, "id": user.id, "stored": stored},
        )
    return user


@alternative(AUTHENTICATE)
def stand_in_for_the_stranger(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A stranger is a user whose account is disabled, and whom no password fits."""
    no_hash = ServerOnly(f"$2b${rounds:02}${'a' * 21}u{'a' * 31}")
    nobody = UserRow(0, "", "nobody", "", no_hash, "user", disabled=True)
    match canonical_email(email):
        case None:
            user = nobody
        case address:
            user = user_by_email(db, address) or nobody
    stored = user.password_hash.reveal()
    if not verify_password(password, stored, pepper=pepper) or user.disabled:
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@alternative(AUTHENTICATE)
def a_new_hash_for_the_stranger(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """To make a hash is as much work as to compare with one, and nobody has to keep it."""
    user = user_by_email(db, canonical_email(email) or "")
    if user is None:
        hash_password(password, rounds=rounds, pepper=pepper)
        return None
    stored = user.password_hash.reveal()
    if not verify_password(password, stored, pepper=pepper) or user.disabled:
        return None
    if stored.split("$")[2] != f"{rounds:02}":
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


# 2.5


@alternative(TAKE_OVER)
def until_it_is_let_in(browser: Browser, email: str) -> str:
    """Guess the same until there is a redirect, and follow it; after five guesses it is of no use."""
    for _ in range(5):
        answer = browser.post("/login", data={"password": "x", "email": email})
        if answer.status_code == 303:
            return browser.follow(answer).text
    return ""


@alternative(TAKE_OVER)
def as_the_page_does(browser: Browser, email: str) -> str:
    """Everything in the order in which a person would do it, with a password of 2000 characters."""
    browser.get("/login")
    form = {"email": email.upper(), "password": "🔑 let me in " * 150}
    first, second = browser.post("/login", form), browser.post("/login", form)
    return browser.get("/profile").text if second.ok and not first.ok else first.text


@alternative(TAKE_OVER)
def with_looks_between(browser: Browser, email: str) -> str:
    """Looks at the page after each guess, and comes back to the first guess after another one."""
    page = browser.get("/profile")
    for guess in ("mine", "yours", "mine", "yours"):
        if page.status_code == 200:
            break
        browser.post("/login", {"email": f" {email} ", "password": guess})
        browser.post("/login", {"email": f" {email} ", "password": guess})
        page = browser.get("/profile")
    return page.text


# 2.6


@alternative(PROOF)
def prove_by_a_table(authenticate: Callable[..., UserRow | None]) -> None:
    """A table of calls, each with what it must return and cost."""
    table = [
        (ADA[1], ADA[2], 4, 1, [4]),
        ("Ada@Lab.test", ADA[2], 4, 1, [4]),
        (ADA[1], GRACE[2], 4, None, [4]),
        ("eve@lab.test", ADA[2], 4, None, [4]),
        ("eve@lab.test", "", 5, None, [5]),
        ("eve@lab.test", "🔑" * 20, 7, None, [7]),
        (ADA[1], "", 5, None, [4]),
        (ADA[1], "", 5, None, [4]),
        (ADA[1], ADA[2], 5, 1, [4, 5]),
        (ADA[1], ADA[2], 5, 1, [5]),
    ]
    app = LabApp()
    with closing(app.connect()) as db:
        for email, password, rounds, number, costs in table:
            app.hash_costs.clear()
            user = authenticate(db, email, password, rounds=rounds, pepper=app.settings.pepper)
            assert (user and user.id, app.hash_costs) == (number, costs), (email, password, rounds)


@alternative(PROOF)
def prove_by_comparing(authenticate: Callable[..., UserRow | None]) -> None:
    """No number is written down: a stranger costs what a member does, at whatever cost."""

    def work(app: LabApp, email: str, rounds: int) -> list[int]:
        db = app.connect()
        app.hash_costs.clear()
        found = authenticate(
            db=db, email=email, password="not-this-1", rounds=rounds, pepper=app.settings.pepper
        )
        assert not found
        db.close()
        return [*app.hash_costs]

    for rounds in (4, 5, 6):
        app = LabApp()
        with closing(app.connect()) as db:
            # Her login brings her hash to today's cost, and only then the two can be compared.
            assert authenticate(db, ADA[1], ADA[2], rounds=4, pepper=app.settings.pepper)
            assert work(app, ADA[1], rounds) == work(app, ADA[1], rounds)
            ada = authenticate(db, ADA[1], ADA[2], rounds=rounds, pepper=app.settings.pepper)
            assert ada is not None and ada.email == ADA[1]
            assert work(app, "eve@lab.test", rounds) == work(app, ADA[1], rounds) != []


@alternative(PROOF)
def prove_by_counting_writes(authenticate: Callable[..., UserRow | None]) -> None:
    """Who, at which costs, with how many changes of the table: all three of each call, odd texts included."""
    app = LabApp()
    odd = ["", "short", "x" * 5000, "🔑" * 20, f"{ADA[2]} ", ADA[2].upper()]
    with closing(app.connect()) as db:

        def ask(email: str, password: str, rounds: int) -> tuple[int | None, list[int], int]:
            app.hash_costs.clear()
            before = db.total_changes
            user = authenticate(db, email, password, rounds=rounds, pepper=app.settings.pepper)
            assert user is None or isinstance(user, UserRow)
            assert not db.in_transaction
            return None if user is None else user.id, list(app.hash_costs), db.total_changes - before

        for rounds in (4, 5, 6):
            assert [ask(ADA[1], wrong, rounds) for wrong in odd] == [(None, [4], 0)] * len(odd)
            assert [ask("eve@lab.test", wrong, rounds) for wrong in odd] == [(None, [rounds], 0)] * len(odd)
        for nowhere in ("", "ada", "a\nda@lab.test", "x" * 300 + "@lab.test", chr(0xD83D) + "@lab.test"):
            assert ask(nowhere, ADA[2], 4)[::2] == (None, 0)
        db.execute("UPDATE users SET disabled_at = 1 WHERE id = 1")
        for password in (ADA[2], "wrong-password-1"):
            assert ask(ADA[1], password, 5) == (None, [4], 0)
        db.execute("UPDATE users SET disabled_at = NULL WHERE id = 1")
        assert ask(" Ada@LAB.test", ADA[2], 4) == (1, [4], 0)
        assert ask(ADA[1], ADA[2], 5) == (1, [4, 5], 1)
        assert ask(ADA[1], ADA[2], 5) == (1, [5], 0)
        assert ask(ADA[1], ADA[2], 4) == (1, [5, 4], 1)


@alternative(PROOF)
def prove_inside_a_transaction(authenticate: Callable[..., UserRow | None]) -> None:
    """Each call in a transaction that is taken back: each meets the same table, and no order is needed."""
    app = LabApp()
    db = app.connect()

    def outcome(email: str, password: str, rounds: int) -> list[object]:
        app.hash_costs.clear()
        db.execute("BEGIN")
        user = authenticate(db, email, password, rounds=rounds, pepper=app.settings.pepper)
        ada = user_by_email(db, ADA[1])
        db.execute("ROLLBACK")
        return [user and user.name, app.hash_costs[:], ada and ada.password_hash.reveal()[:7]]

    try:
        assert outcome(ADA[1], ADA[2], 4) == ["Ada Lovelace", [4], "$2b$04$"], "her password opens"
        assert outcome(ADA[1], ADA[2], 5) == ["Ada Lovelace", [4, 5], "$2b$05$"], "and renews its hash"
        for rounds in (4, 5):
            for wrong in ("", "wrong-password-1"):
                assert outcome(ADA[1], wrong, rounds) == [None, [4], "$2b$04$"], "a wrong one changes nothing"
                assert outcome("eve@lab.test", wrong, rounds) == [None, [rounds], "$2b$04$"], "the same work"
    finally:
        db.close()


# Parts that are looked at in this lesson or in lesson 11


@alternative(BY_EMAIL)
def id_first_and_then_the_row(db: sqlite3.Connection, email: str) -> UserRow | None:
    """A named parameter finds the number, and the number finds the user."""
    found = db.execute("SELECT id FROM users WHERE email = :email", {"email": email}).fetchone()
    return user_by_id(db, found[0]) if found else None


@alternative(BY_EMAIL)
def compared_in_python(db: sqlite3.Connection, email: str) -> UserRow | None:
    """No text of the visitor comes near the database. (For a few hundred members.)"""
    return next((user for user in all_users(db) if user.email == email), None)


@alternative(SEARCH)
def everybody_and_then_the_team(db: sqlite3.Connection, team: str, text: str) -> list[UserRow]:
    """What the search for admins finds, less those of other teams."""
    return [user for user in search_users(db, text) if user.team == team]


@alternative(SEARCH)
def instr_has_no_wildcards(db: sqlite3.Connection, team: str, text: str) -> list[UserRow]:
    """`instr` looks for a text and knows no pattern, so there is nothing to escape."""
    found = db.execute(
        "SELECT id FROM users WHERE team = :team AND instr(lower(name), lower(:text)) > 0 ORDER BY id",
        {"team": team, "text": text},
    ).fetchall()
    users = [user_by_id(db, user_id) for (user_id,) in found]
    return [user for user in users if user is not None]


@alternative(BODY)
def limits_by_name() -> BodyLimits:
    """Each number says what it is."""
    kilobyte = 1024
    return BodyLimits(multipart_parts=20, multipart_bytes=32 * kilobyte, body_bytes=32 * kilobyte)


@alternative(BODY)
def the_body_alone() -> BodyLimits:
    """What is not larger than the body may be cannot hold a larger field, nor more parts than fit."""
    return BodyLimits(body_bytes=1 << 16, multipart_bytes=None, multipart_parts=1000)


@alternative(LIMITER)
class CountsUnderTheLock:
    """A transaction that begins with a write holds the lock, so what it reads is the last word."""

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        self.db, self.limit = db, limit

    def hit(self, key: str, now: int) -> int:
        """Make sure that there is a row, read it, and write it anew."""
        ends_at = now + self.limit.window_seconds
        with transaction(self.db):
            self.db.execute("INSERT OR IGNORE INTO attempts VALUES (?, 0, ?)", (key, ends_at))
            row = "SELECT count, window_ends_at FROM attempts WHERE key = ?"
            count, known_end = self.db.execute(row, (key,)).fetchone()
            if now < known_end:
                ends_at = known_end
            else:
                count = 0
            self.db.execute("REPLACE INTO attempts VALUES (?, ?, ?)", (key, count + 1, ends_at))
        return max(0, ends_at - now) if count >= self.limit.attempts else 0

    def forget(self, key: str) -> None:
        """Take the row away."""
        self.db.execute("DELETE FROM attempts WHERE key = ?", (key,))


@alternative(LIMITER)
class SpendsATry:
    """Tries are spent: an UPDATE that finds one left is a yes, and only one of two finds the last."""

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        self._db = db
        self._attempts, self._window = limit.attempts, limit.window_seconds

    def hit(self, key: str, now: int) -> int:
        """Close a window that is over, spend one try if there is one, and else say how long to wait."""
        self._db.execute("DELETE FROM attempts WHERE key = ? AND window_ends_at <= ?", (key, now))
        self._db.execute(
            "INSERT INTO attempts (key, count, window_ends_at) VALUES (?, 0, ?) ON CONFLICT DO NOTHING",
            (key, now + self._window),
        )
        spent = self._db.execute(
            "UPDATE attempts SET count = count + 1 WHERE key = ? AND count < ?", (key, self._attempts)
        )
        if spent.rowcount == 1:
            return 0
        end = self._db.execute("SELECT window_ends_at FROM attempts WHERE key = ?", (key,)).fetchone()
        return self._window if end is None else int(end[0]) - now

    def forget(self, key: str) -> None:
        """Give all tries back."""
        self._db.execute("DELETE FROM attempts WHERE key = ?", (key,))


@alternative(LOGIN_KEY)
def key_of_two_parts(email: str, device: str | None) -> str:
    """Whose account, and through which door."""
    door = "strangers" if device is None else f"device:{device}"
    return ":".join(("guesses", hashlib.blake2b(email.encode(errors="surrogatepass")).hexdigest(), door))


@alternative(LOGIN_KEY)
def key_as_one_digest(email: str, device: str | None) -> str:
    """Account and device are hashed together, as JSON, which keeps them apart."""
    return hashlib.sha256(json.dumps(["login", email, device]).encode()).hexdigest()


@alternative(CLIENT_IP)
def address_from_the_end(environ: Mapping[str, Any], hops: int) -> str:
    """The connection is one more entry at the end of the list; from there, one step back for each proxy."""
    path = [*environ.get("HTTP_X_FORWARDED_FOR", "").split(","), environ.get("REMOTE_ADDR", "")]
    try:
        found = ipaddress.ip_address(path[-1 - hops].strip())
    except (ValueError, IndexError):
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))


@alternative(CLIENT_IP)
def address_proxy_by_proxy(environ: Mapping[str, Any], hops: int) -> str:
    """Each proxy takes its own entry from the end, and hands on what it saw."""
    seen = str(environ.get("REMOTE_ADDR", ""))
    entries = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    for _ in range(hops):
        seen = entries.pop().strip() if entries else ""
    with suppress(ValueError):
        return str(ipaddress.IPv4Address(seen))
    with suppress(ValueError):
        address = ipaddress.IPv6Address(seen)
        network = ipaddress.ip_interface(f"{address}/64").network
        return str(address.ipv4_mapped) if address.ipv4_mapped else str(network)
    return "unknown"


@alternative(KNOWN)
def device_proven_by_hand(token: str | None, email: str, key: bytes) -> str | None:
    """Both halves must be there, and the second one must be what we would have written."""
    if token is None or token.count(".") != 1:
        return None
    nonce, proof = token.split(".")
    _, _, wanted = device_token(email, nonce, key).rpartition(".")
    sent = proof.encode("utf-8", "surrogatepass")
    return nonce if hmac.compare_digest(sent, wanted.encode()) else None


@alternative(KNOWN)
def device_by_its_digest(token: str | None, email: str, key: bytes) -> str | None:
    """Two texts are compared by their digests: nothing of them shows in the time, and any text will do."""
    nonce = "" if token is None else token.split(".", 1)[0]
    told, wanted = (
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        for text in (token or "", device_token(email, nonce, key))
    )
    return nonce if told == wanted else None


@alternative(DEVICE)
def device_token_as_jwt_does(email: str, nonce: str, key: bytes) -> str:
    """The proof is over JSON, in base64: another text for the same promise."""
    promise = json.dumps({"for": email, "nonce": nonce, "use": "known device"}).encode()
    proof = base64.urlsafe_b64encode(hmac.digest(key, promise, "sha256"))
    return f"{nonce}.{proof.decode().rstrip('=')}"


@alternative(DEVICE)
def device_token_with_its_own_key(email: str, nonce: str, key: bytes) -> str:
    """From the one key a second one is made for this purpose and account; that one signs the nonce."""
    account = email.encode("utf-8", "surrogatepass")
    own = hmac.digest(key, b"authlab device\0" + account, hashlib.sha512)
    return f"{nonce}.{hashlib.blake2b(nonce.encode('utf-8', 'surrogatepass'), key=own).hexdigest()}"
