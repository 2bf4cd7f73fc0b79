"""Attacks on what leaves the server. Numbers 66 and 67 of the catalogue, and one of the lesson's own."""

from html.parser import HTMLParser

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import ADA, VAULT_PHONE, LabApp

FORM = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
KEYS = {
    "/api/me": {"id", "name", "email", "role", "username", "team", "phone"},
    "/api/session": {"id", "name", "role"},
}


@attack(66)
def more_than_is_shown(app: LabApp) -> Outcome:
    """Read the JSON behind the pages, for all that they do not show."""
    ada = app.browser()
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    for path, keys in KEYS.items():
        answer = ada.get(path)
        if answer.status_code != 200:
            return won(f"{path}: {answer.status_code} for its owner, and the server says {app.crashes}")
        told = answer.json()
        told = told.get("user", told)
        if told.keys() != keys:
            hashes = ", a password's hash" if "$2b$" in answer.text else ""
            return won(f"{path} also tells {', '.join(sorted(told.keys() - keys))}{hashes}")
    return resisted("the fields that were named, and no other")


@attack(67)
def no_team_in_common(app: LabApp) -> Outcome:
    """Sign up, join no team, and open the page of a member who is in none either."""
    mallory = app.browser()
    mallory.post("/signup", FORM)
    page = mallory.get("/members/member-3")
    told = [text for text in (app.vault, VAULT_PHONE) if text in page.text]
    if told:
        return won(f"the page of member 3 tells her {', '.join(told)}")
    mallory.post("/members/member-4/phone", {"phone": "0 555 42"})
    own = mallory.get("/members/member-4")
    if page.status_code != 200 or "0 555 42" not in own.text:
        return won(f"{page.status_code}: the page tells her nothing at all, nor her own number")
    return resisted("200: the page is there, with neither name nor number; her own shows both")


@attack(111)
def out_of_the_script(app: LabApp) -> Outcome:
    """Sign up under a name that ends a script element, and look at what becomes of the page's data."""
    for end in ("</script>", "</SCRIPT >", "<\\/script></script>"):
        mallory = app.browser()
        name = f"{end}<img src=x onerror=alert(1)>"
        mallory.post("/signup", {**FORM, "name": name, "email": f"{len(end)}@evil.test"})
        page = mallory.get("/profile")
        if "img" in _Tags(page.text).seen:
            return won(f"{end} in a name ends the element, and what follows is a part of the page")
    said = mallory.get("/api/session").json()["user"]["name"]
    return resisted("the name stays data") if said == name else won(f"the name arrives as {said}")


class _Tags(HTMLParser):
    """The tags of a page, as a browser finds them: inside a script element there are none."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
