"""Attacks on accounts and passwords. Numbers 11 and 14 to 17 of the catalogue."""

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import LabApp

MEMBER = "ada@lab.test"
STRANGER = "eve@lab.test"  # as long as the member's: a page that repeats it must not differ for that


@attack(11)
def race_to_sign_up(app: LabApp) -> Outcome:
    """Sign up eight times at once for one address."""
    form = {"name": "Eve", "email": STRANGER, "password": "let-me-in-4"}
    answers = app.together([lambda: app.browser().post("/signup", form)] * 8)
    statuses = sorted(answer.status_code for answer in answers)
    rows = sum(user.email == STRANGER for user in app.users())
    if statuses == [303] + [409] * 7 and rows == 1:
        return resisted("one account, seven refusals")
    let_in, crashed = statuses.count(303), statuses.count(500)
    return won(f"of 8 sign-ups {let_in} were let in and {crashed} crashed; rows in the table: {rows}")


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
