"""Attacks on accounts and passwords. Numbers 9 to 24 of the catalogue.

What Mallory wants is the name of the vault (member 3), an account that is not hers, or a list of who has one.
Three attacks need more than requests: 15 counts the server's hashes, 19 begins where the table of users has
been stolen, and 20 where an operator has raised the cost of hashing.
"""

from dataclasses import replace

from authlab.app import App
from authlab.cookies import DEVICE_COOKIE
from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.passwords import hash_password, verify_password
from authlab.settings import Limit

MEMBER = "ada@lab.test"
STRANGER = "eve@lab.test"  # as long as the member's: a page that repeats it must not differ for that
ADAS = {"email": ADA[1], "password": ADA[2]}
WRONG = {"email": MEMBER, "password": "wrong-password-1"}
MALLORYS = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
# Both kinds; and a wide one, which Unicode's normal form NFKC turns into a plain one.
QUOTES = ("\"'", "\uff07")
WORDS = ("password", "letmein", "Password1!", "qwerty12", "iloveyou")
TWENTY_MB = 20 * 1024 * 1024


@attack(9)
def sql_in_the_fields(app: LabApp) -> Outcome:
    """Write SQL where a name is searched, and where an address is typed: a UNION that brings rows to order.

    Their columns are those of the query: whoever does not know them tries how many there are.
    """
    ada, mallory = app.browser(), app.browser()
    ada.post("/login", ADAS)
    mallory.post("/signup", MALLORYS)
    own = mallory.get("/api/me").json()["id"]
    as_one_of_hers = "id,slug,name,email,0,0,(SELECT team FROM users),phone,0,0,0,0"
    with_my_password = "3,slug,name,email,password_hash,role,team,phone,0,0,0,0"
    for quote in QUOTES:
        text = f"{quote}UNION SELECT {as_one_of_hers} FROM users--"  # noqa: S608 - SQL is what is typed
        found = ada.get("/members", params={"q": text})
        if app.vault in found.text:
            return won(f"the search for members read the table of users: {app.vault}")
        text = f"{quote}UNION SELECT {with_my_password} FROM users WHERE id={own}--@x.test"  # noqa: S608
        email, thief = text.replace(" ", "/**/"), app.browser()
        answer = thief.post("/login", {**MALLORYS, "email": email})
        if app.vault in thief.get("/profile").text:
            return won(f"logged in as member 3 with the own password: {app.vault}")
        if 500 in (found.status_code, answer.status_code):  # half a statement: the quote was SQL
            return won(f"read as SQL: {found.status_code} for the search, {answer.status_code} at the login")
    return resisted(f"{found.status_code} and nobody found; {answer.status_code} at the login")


@attack(10)
def wildcards_for_an_address(app: LabApp) -> Outcome:
    """Log in with wildcards for an address, and a password from a note that does not say whose it is."""
    statuses = []
    for email in ("%", "%@%.%", "___@lab.test", "*@*.*"):
        finder = app.browser()
        statuses.append(finder.post("/login", {"email": email, "password": ADA[2]}).status_code)
        if ADA[0] in finder.get("/profile").text:
            return won(f"{email} and the password from the note opened the account of {ADA[0]}")
    return resisted(f"{statuses}: a wildcard is a character like any other")


@attack(11)
def race_to_sign_up(app: LabApp) -> Outcome:
    """Sign up eight times at once for one address."""
    form = {"name": "Eve", "email": STRANGER, "password": "let-me-in-4"}
    answers = app.together([lambda: app.browser().post("/signup", form)] * 8)
    statuses = sorted(answer.status_code for answer in answers)
    rows = sum(user.email == STRANGER for user in app.users())
    if statuses == [303] + [409] * 7 and rows == 1:
        return resisted("one account, seven refusals")
    let_in, failed = statuses.count(303), sum(status >= 500 for status in statuses)
    was = "was" if let_in == 1 else "were"
    return won(f"of 8 sign-ups {let_in} {was} let in and {failed} failed; rows in the table: {rows}")


@attack(
    12,
    accepted=(
        "Sign-up signs in at once, so a taken address cannot be answered like a free one: that takes a mail "
        "to its owner, and this app sends none. What it has is a limit on sign-ups from one address."
    ),
)
def signup_enumeration(app: LabApp) -> Outcome:
    """Sign up with two addresses, and tell by the answers which of them has an account already."""
    answers = []
    for email in (MEMBER, STRANGER):
        visitor = app.browser()
        answer = visitor.post("/signup", {**MALLORYS, "email": email})
        goes = answer.headers.get("Location", "nowhere")
        answers.append(f"{answer.status_code}, to {goes}, {len(visitor.cookies)} cookies")
    member, stranger = answers
    if member == stranger:
        return resisted(f"the same for both: {member}")
    return won(f"{MEMBER}: {member}; {STRANGER}: {stranger}")


@attack(13)
def harvest_addresses(app: LabApp) -> Outcome:
    """Ask about a hundred addresses whether they can still be signed up: a program waits for no pause."""
    mallory, members = app.browser(), []
    guesses = [*(f"guess-{number}@lab.test" for number in range(97)), "ada@lab.test", "grace@lab.test"]
    for asked, email in enumerate([*guesses, "alan@lab.test"], start=1):
        answer = mallory.get("/signup/available", params={"email": email})
        if answer.status_code == 429:
            return resisted(f"429 at question {asked}, Retry-After {answer.headers.get('Retry-After')}")
        if not answer.json()["available"]:
            members.append(email)
    return won(f"{asked} answers within one second; members are {members}")


@attack(14)
def login_enumeration(app: LabApp) -> Outcome:
    """Try a wrong password on two addresses, and tell by the answers which has an account."""
    answers = []
    for email in (MEMBER, STRANGER):
        answer = app.browser().post("/login", {"email": email, "password": "wrong-password-1"})
        page = answer.text.replace(email, "(the address)")
        answers.append((answer.status_code, len(page), dict(answer.headers), page))
    member, stranger = answers
    if member == stranger:
        return resisted(f"{member[0]} and the same page for both")
    return won(f"{MEMBER}: {member[0]}, {member[1]} characters; {STRANGER}: {stranger[0]}, {stranger[1]}")


@attack(15)
def login_timing(app: LabApp) -> Outcome:
    """Tell a member's address by the work behind its refusal: the hashes are counted, not timed."""
    work = []
    for email in (MEMBER, STRANGER):
        app.hash_costs.clear()
        app.browser().post("/login", {"email": email, "password": "wrong-password-1"})
        work.append([f"one of cost {cost}" for cost in app.hash_costs])
    member, stranger = work
    if member == stranger:
        return resisted(f"the same hashes for both: {member}")
    return won(f"hashes for {MEMBER}: {member}; for {STRANGER}: {stranger}")


@attack(16)
def password_of_80_bytes(app: LabApp) -> Outcome:
    """Log in with 20 characters that are 80 bytes: bcrypt raises an error above 72 bytes."""
    form = {"password": "🔑" * 20}
    member = app.browser().post("/login", {**form, "email": MEMBER}).status_code
    stranger = app.browser().post("/login", {**form, "email": STRANGER}).status_code
    if (member, stranger) == (401, 401):
        return resisted("401 for both")
    return won(f"{member} for {MEMBER}, {stranger} for {STRANGER}; the server says {app.crashes}")


@attack(17)
def twin_of_72_bytes(app: LabApp) -> Outcome:
    """Log in with a password that begins like the right one, for 72 bytes, and ends otherwise."""
    refusals = []
    for email, beginning in (("eve@lab.test", "72 bytes" * 9), ("eva@lab.test", "🔑" * 18)):
        form = {"name": "Eve", "email": email, "password": f"{beginning}-and-then-1"}
        app.browser().post("/signup", form)
        twin = app.browser().post("/login", {**form, "password": f"{beginning}-or-else-2"})
        if twin.status_code == 303:
            return won(f"let in with another ending: {beginning[:8]}…-or-else-2")
        refusals.append(twin.status_code)
    return resisted(f"{refusals[0]} for the twin in ASCII, {refusals[1]} for the one in emoji")


@attack(18)
def password_of_20_mb(app: LabApp) -> Outcome:
    """Send a password of 20 MB, for the server to read, parse and hash: as any form, and as multipart."""
    form, statuses = {"email": MEMBER, "password": "a" * TWENTY_MB}, []
    app.hashes = 0
    for parts in ({"data": form}, {"files": {name: (None, text) for name, text in form.items()}}):
        statuses.append(app.browser().request("POST", "/login", **parts).status_code)
    if statuses == [413, 413] and app.hashes == 0:
        return resisted("413 for both kinds of form, and nothing was hashed")
    return won(f"{statuses[0]} for an ordinary form, {statuses[1]} for multipart; hashed: {app.hashes}")


@attack(19)
def stolen_hashes(app: LabApp) -> Outcome:
    """Try a word list on the stolen table of users, with the app's own code, and count what that costs.

    The pepper was stolen, too; without it, nobody could try anything. While a computer makes one bcrypt hash
    of cost 10, it makes hundreds of thousands of SHA-256.
    """
    for email in (STRANGER, "eva@lab.test"):
        app.browser().post("/signup", {"name": "Eve", "email": email, "password": "Password1!"})
    rounds, pepper = app.settings.bcrypt_rounds, app.settings.pepper
    stolen = {user.email: user.password_hash.reveal() for user in app.users()}
    made_once = {hash_password(word, rounds=rounds, pepper=pepper): word for word in WORDS}
    opened = [email for email, hashed in stolen.items() if hashed in made_once]
    if opened:
        return won(f"a list of {len(WORDS)} hashes, made once for all tables, opens {opened}")
    app.hash_costs.clear()
    for hashed in stolen.values():
        opened += [word for word in WORDS if verify_password(word, hashed, pepper=pepper)]
    guesses, slow = len(stolen) * len(WORDS), sum(cost >= rounds for cost in app.hash_costs)
    if slow < guesses:
        return won(f"{guesses} guesses cost {slow} slow hashes, and found {opened}")
    return resisted(f"{guesses} guesses cost {slow} slow hashes: no word is tried on two members at once")


@attack(20)
def rehash_of_a_guess(app: LabApp) -> Outcome:
    """Guess wrong at an account whose hash is an old one, and then guess the same once more.

    The operator has raised the cost by one since Ada signed up. Her own login has her hash renewed.
    """
    newer = App(replace(app.settings, bcrypt_rounds=app.settings.bcrypt_rounds + 1))
    before = app.users()[0].password_hash.reveal()
    mallory, ada = Browser(newer, app.clock), Browser(newer, app.clock)
    for _ in range(2):
        mallory.post("/login", WRONG)
    if ADA[0] in mallory.get("/profile").text:
        return won(f"the wrong password became the right one: {ADA[0]}'s profile, at the second try")
    ada.post("/login", ADAS)
    now = app.users()[0].password_hash.reveal()
    if ADA[0] not in ada.get("/profile").text or now == before:
        return won(f"after {ADA[0]}'s login her hash is still the old one: {now[:7]}")
    return resisted(f"the guess changed nothing, and {ADA[0]}'s own login renews her hash: {now[:7]}")


@attack(21)
def brute_force(app: LabApp) -> Outcome:
    """Guess at Ada's password, each time as somebody new: from another address, with another cookie.

    First with cookies that are made up, then with such as her browsers got when she logged in to her account.
    """
    app.browser().post("/signup", MALLORYS)
    guesses = [*(f"guess-{number}" for number in range(12)), ADA[2]]
    for cookies in ("made-up", "earned"):
        for tried, password in enumerate(guesses, start=1):
            mallory = app.browser(address=f"198.51.{len(cookies)}.{tried}")
            mallory.set_cookie(DEVICE_COOKIE, f"{app.clock():x}-{tried}.made-up")  # as the real ones look
            if cookies == "earned":
                mallory.post("/login", MALLORYS)
            answer = mallory.post("/login", {**WRONG, "password": password})
        if answer.status_code == 303:
            return won(f"with {cookies} cookies the right password was let in at try {tried}")
    return resisted(
        f"{answer.status_code} for the right password, Retry-After {answer.headers['Retry-After']}"
    )


@attack(22)
def another_address_each_time(app: LabApp) -> Outcome:
    """Come from another address with each guess: by one's own account, or really, within one network.

    One password at many accounts, so that only the limit by address counts. Without a proxy, behind one of
    ours, which adds the address that it saw, and over a line with IPv6.
    """
    settings = replace(app.settings, logins_per_address=Limit(5, 60))
    direct, behind = App(settings), App(replace(settings, trusted_proxies=1))
    ways = {
        "no proxy": [(direct, "192.0.2.1", f"198.51.100.{number}") for number in range(8)],
        "a proxy": [(behind, "192.0.2.2", f"198.51.100.{number}, 203.0.113.1") for number in range(8)],
        "IPv6": [(direct, f"2001:db8::{number}", "") for number in range(8)],
    }
    for way, visits in ways.items():
        tried = [_guess(*visit, app.clock) for visit in visits].count(401)
        if tried > 5:
            return won(f"{way}: {tried} guesses where 5 are allowed")
    neighbour = _guess(behind, "192.0.2.2", "203.0.113.2", app.clock)
    if neighbour == 429:
        return won(f"Mallory has used up everybody's tries: {neighbour} for a neighbour")
    return resisted("429 after 5 guesses each way, and not for a neighbour behind the same proxy")


@attack(23)
def lock_the_victim_out(app: LabApp) -> Outcome:
    """Guess wrong at Ada's password until nobody may guess any more, and go on for an hour."""
    laptop, phone = app.browser(), app.browser()
    laptop.post("/login", ADAS)
    laptop.post("/logout")
    for guess in range(12):
        answer = app.browser(address=f"198.51.100.{guess}").post("/login", WRONG)
    known = laptop.post("/login", ADAS).status_code
    if known != 303:
        return won(f"{known} for Ada's own laptop and her right password")
    for _ in range(6):
        app.clock.advance(seconds=600)
        app.browser(address="198.51.100.1").post("/login", WRONG)
    new = phone.post("/login", ADAS).status_code
    if new != 303:
        return won(f"{new} for Ada's new phone, an hour later, for one guess of Mallory in ten minutes")
    return resisted(
        f"{answer.status_code} for Mallory; {known} for Ada's laptop, {new} for her new phone later"
    )


@attack(24)
def two_on_the_last_try(app: LabApp) -> Outcome:
    """Use up all tries of an address but one, on many accounts, and send two guesses at once."""
    allowed = app.settings.logins_per_address.attempts
    for number in range(allowed - 1):
        app.browser().post("/login", {**WRONG, "email": f"{number}@lab.test"})
    guesses = [lambda: app.browser().post("/login", WRONG)] * 2
    answers = app.together(guesses, before_writing="attempts")
    statuses = sorted(answer.status_code for answer in answers)
    if statuses.count(401) > 1:
        return won(f"{statuses}: {allowed - 1 + statuses.count(401)} guesses where {allowed} are allowed")
    return resisted(f"{statuses}: one was tried, the other was not")


def _guess(server: App, address: str, forwarded: str, clock: LabClock) -> int:
    """Guess once, and write where it comes from into every header that may be believed."""
    first = forwarded.partition(",")[0]
    said = {"X-Forwarded-For": forwarded, "X-Real-IP": first, "Forwarded": f"for={first}"}
    form = {"email": f"{first or address}@lab.test", "password": "Password1!"}
    return Browser(server, clock, address=address).post("/login", form, headers=said).status_code
