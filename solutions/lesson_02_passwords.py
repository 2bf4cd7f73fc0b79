# Derived from authlab/accounts.py, authlab/course/kata/lesson_02_passwords.py, authlab/passwords.py by: authlab dev build
"""Lesson 2: Slow, salted, the same work for everyone.

The package's own answers.
"""

import base64
import hashlib
import hmac
import sqlite3
from collections.abc import Callable
from contextlib import closing

import bcrypt

from authlab.db import UserRow, insert_user, set_password_hash, user_by_email
from authlab.forms import SignupForm, canonical_email
from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser
from authlab.passwords import needs_rehash, unmatchable_hash, verify_password


# 2.1  build: Nothing is cut off  (8 minutes, an extra)
# write the part from its description
def password_digest(password: str, *, pepper: bytes) -> bytes:
    """Return what bcrypt is given in place of a password: 32 to 72 bytes, and
    no zero byte among them.

    - Every character counts, whatever the password's length and script:
      nothing is trimmed, cut off or changed in case. 20 emoji are 80 bytes,
      and a passphrase may have thousands.
    - The same password gives the same digest each time, or nobody could log in.
    - `pepper` is a secret kept outside the database: 32 bytes or more, of any
      value. Another pepper gives other digests.
    - Whatever a visitor sends, nothing is raised. An empty text is a password
      like any other, and so is one with half a letter in it: a lone surrogate
      such as `chr(0xD83D)`, which UTF-8 refuses to encode. Each has a digest of
      its own.

    bcrypt 5 raises `ValueError` above 72 bytes, older versions cut without a
    word, and bcrypt in other languages stops at a zero byte. Whether two
    encodings of é are one password is yours to choose.

    Source: not in the guide; ASVS 6.2.8, 6.2.9.
    """
    # surrogatepass: half a letter from a broken client is a wrong password, not a crash.
    verbatim = password.encode("utf-8", "surrogatepass")
    # In base64 48 bytes are 64, of which none is zero; in hexadecimal they would be 96.
    return base64.b64encode(hmac.new(pepper, verbatim, hashlib.sha384).digest())


# 2.2  build: A hash that is worth stealing little  (4 minutes)
# write the part from its description
def hash_password(password: str, *, rounds: int, pepper: bytes) -> str:
    """Return the text that the table keeps in place of a password: its bcrypt
    hash.

    - bcrypt hashes `password_digest(password, pepper=pepper)`, which is what
      the login will compare with.
    - The cost is `rounds`: bcrypt does its work 2**`rounds` times, and the hash
      says so in its beginning, `$2b$10$` for 10.
    - Each hash has a new salt, whoever's password it is, so that equal
      passwords have different hashes. All of the salt is drawn by the system,
      so that nobody can foresee it and prepare a list of hashes.
    - One hash is made, and no second one: each takes its time.
    - It is a `str`, as the column of the table is: the hash's own characters.

    Source: the guide's `bcrypt.hash(password, 10)`.
    """
    salt = bcrypt.gensalt(rounds)
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


# 2.3  fix: Eight sign-ups at once  (5 minutes)
# it runs, and it is wrong: make it right
def create_user(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Return the id of the new account, or None when its e-mail is taken.

    - The account has the form's name and e-mail, both checked by lesson 1, and
      the hash of its password at the cost `rounds`.
    - Of several sign-ups at once for one address, one gets the account and all
      others get None. The column `email` is UNIQUE: the database refuses a
      second row, whatever anybody asked before.
    - An address that is taken changes nothing: not the account that is there,
      and no other.
    - Any other failure of the database is raised as it is.
    - Whether there is a transaction, and how it ends, is the caller's to say:
      it is left as it was found, after a refusal too.

    `insert_user` raises `sqlite3.IntegrityError` for an e-mail that is taken.

    Source: the guide's `insert(users)` with `returning`.
    """
    password_hash = hash_password(form.password, rounds=rounds, pepper=pepper)
    try:
        return insert_user(db, name=form.name, email=form.email, password_hash=password_hash, now=now)
    except sqlite3.IntegrityError:
        return None


# 2.4  fix: The same work for a stranger  (6 minutes)
# it runs, and it is wrong: make it right
def authenticate(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Return the user whose e-mail and password these are, or None.

    - The address counts in its canonical spelling, the password as it was
      typed.
    - None for a wrong password, an address without an account, what is no
      address at all, and an account that is disabled. It is the same None, and
      nothing is raised, whatever was typed.
    - Every refusal costs one hash, whatever the password: empty, short or very
      long. A member's is of the cost that the stored hash has, disabled or not;
      for an address without an account it is one of today's cost, `rounds`.
      Work is time, and time can be measured. (What is no address at all may be
      refused at once: that it has no account is no secret.)
    - So after a raise members with an old hash can be told from strangers,
      until they log in. That is known, and not yours to mend here.
    - A right password whose hash has another cost than today's, lower or
      higher, is hashed again at today's and stored. After a wrong one nothing
      is stored.
      `set_password_hash(db, user_id, renewed, instead_of=stored)` stores the
      new hash only where `stored` is still in the table: a password that was
      changed in the meantime stays.

    Source: the guide's "check user credentials"; ASVS 6.3.8.
    """
    canonical = canonical_email(email)
    user = None if canonical is None else user_by_email(db, canonical)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = verify_password(password, stored, pepper=pepper)
    if user is None or not right or user.disabled:  # a disabled account is no different from none
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


# 2.5  break: A guess that becomes the password  (4 minutes)
# write the attack: it wins where the hole is, and only there
def take_over(browser: Browser, email: str) -> str:
    """Return the text of the page at `/profile` of the member whose address is
    `email`. You do not know the password, and you need not find it out.

    You get `browser`, a visitor's browser that has never signed in, and the
    member's address. This morning the operator has raised the cost from 4 to 5.
    The app renews an old hash at the login, and it renews it a moment too
    early: the code stands in the lesson, right above this exercise.

    - `browser.post("/login", {"email": ..., "password": ...})` sends the form,
      and signs you in when it is accepted.
    - `browser.get("/profile")` opens the page; the answer's `.text` is its HTML.

    Ten guesses in a quarter of an hour are allowed for an account, and you need
    fewer. Against the app without the hole the same requests bring nothing, and
    must not crash: return what comes.
    """
    for _ in range(2):
        browser.post("/login", {"email": email, "password": "mallory-was-here-1"})
    return browser.get("/profile").text


# 2.6  prove: A test that counts work  (7 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_authenticate(authenticate: Callable[..., UserRow | None]) -> None:
    """Prove with `assert` that an `authenticate` lets the right people in, and
    does the same work for all others. Return nothing.

    Your proof gets the function to judge. It is run on wrong versions, each of
    which must make one of your assertions fail, and on right ones in other
    styles, which must pass. Only a failing `assert` counts: a proof that
    crashes has proven nothing. None of them raises on what can be typed.

    - `app = LabApp()` makes an app, in which Ada is signed up with a hash of
      cost 4, and `app.connect()` returns a connection to its database.
    - `authenticate(db, email, password, rounds=4, pepper=app.settings.pepper)`
      is a call. With `rounds=5` it is made on the day after the cost was
      raised.
    - `ADA` is her name, her address and her password; her `id` is 1.
    - `app.hash_costs` is a list to which every bcrypt hash adds its cost, in
      whatever function it is made. `app.hash_costs.clear()` empties it. Count
      work with it, never seconds.

    What each call must cost and may change is in exercise 2.4. Mind what a
    member costs whose hash is older than today's cost.
    """
    app = LabApp()
    with closing(app.connect()) as db:
        pepper = app.settings.pepper
        ada = authenticate(db, ADA[1], ADA[2], rounds=4, pepper=pepper)
        assert ada is not None
        assert ada.id == 1
        # The same refusal and the same work, whether there is an account or not ...
        for email in (ADA[1], "eve@lab.test"):
            app.hash_costs.clear()
            assert authenticate(db, email, "wrong-password-1", rounds=4, pepper=pepper) is None
            assert app.hash_costs == [4]
        # ... and work of today's cost.
        app.hash_costs.clear()
        assert authenticate(db, "eve@lab.test", "wrong-password-1", rounds=5, pepper=pepper) is None
        assert app.hash_costs == [5]
        # A wrong password does not become the right one.
        for _ in range(2):
            assert authenticate(db, ADA[1], "wrong-password-1", rounds=5, pepper=pepper) is None
        assert authenticate(db, ADA[1], ADA[2], rounds=5, pepper=pepper) is not None
