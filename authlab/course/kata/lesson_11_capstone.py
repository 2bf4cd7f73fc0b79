"""Lesson 11: guesses from everywhere, and a test of the whole app that catches wrong limits."""

from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser

# What was under a keyboard. One of them is member 3's password.
NOTE = (
    "enigma-rotor-1926",
    "bletchley-park-1939",
    "turing-machine-36",
    "christopher-morcom-1930",
    "imitation-game-1950",
    "kings-college-1931",
    "princeton-1938",
    "hut-8-hut-8-hut-8",
    "bombe-victory-1940",
    "delilah-speech-1944",
    "automatic-computing-1945",
    "ace-report-1946",
    "on-computable-numbers-1936",
    "manchester-mark-1-1948",
    "morphogenesis-1952",
    "ordinal-logic-1939",
    "banburismus-1940",
    "chess-on-paper-1952",
    "sunflower-patterns-1954",
    "running-marathon-1947",
    "silver-bars-buried-1940",
    "bicycle-gas-mask-7",
    "loebner-was-later-1991",
    "halting-problem-1936",
    "oracle-machine-1938",
)


def guess_from_everywhere(mallory: Browser) -> str:
    """Return the text of the page `/profile` of member 3, which shows the
    name of whoever is signed in.

    You get `mallory`, a browser that has never signed in, and `NOTE`, 25
    passwords, one of which opens the account "alan@lab.test". The app allows
    10 guesses in 15 minutes for each address that they come from, and counts
    nothing else. It stands behind no proxy, and takes an address from wherever
    it is told one.

    - `mallory.post("/login", {"email": ..., "password": ...})` sends the form;
      `headers={"Name": "value"}` as a further argument goes along. The answer
      has a `.status_code`: 303 is a login, 401 a wrong password, 429 "not now".
    - `mallory.get("/profile")` opens the page; the answer's `.text` is its
      HTML.

    Against the app that counts by account the same requests bring nothing,
    and must not crash: return what comes.
    """
    for number, password in enumerate(NOTE):
        form = {"email": "alan@lab.test", "password": password}
        answer = mallory.post("/login", form, headers={"X-Forwarded-For": f"198.51.100.{number}"})
        if answer.status_code == 303:
            break
    return mallory.get("/profile").text


def prove_guessing_is_limited(app: LabApp) -> None:
    """Prove with `assert` that guessing passwords is limited in `app`. Return
    nothing.

    Your proof gets an app, as `open_app()` makes one, with Ada and Grace as
    members. It is run on apps with wrong limiters, each of which must make one
    of your assertions fail, and on apps with right ones, which must pass. Only
    a failing `assert` counts: a proof that crashes has proven nothing.

    What must hold, for `POST /login` from browsers that are not known:

    - Ten guesses at an account are answered with 401. From the eleventh on it
      is 429, for the right password as well, and whatever address they come
      from.
    - Fifteen minutes after the first of them the right password is let in
      again (303), and not a second earlier, whoever has tried meanwhile.
    - A login that succeeds begins the count of its account at zero, and no
      other's.
    - Other accounts are not concerned.

    `app.browser(address="198.51.100.7")` is a new browser that comes from
    there, `app.clock.advance(minutes=15, seconds=-1)` moves the time.
    `ADA` and `GRACE` are (name, e-mail, password).
    """
    hers = {"email": ADA[1], "password": ADA[2]}
    graces = {"email": GRACE[1], "password": GRACE[2]}
    count = 0

    def ask(form: dict[str, str]) -> int:
        nonlocal count
        count += 1
        return app.browser(address=f"198.51.100.{count}").post("/login", form).status_code

    def guess() -> int:
        return ask({**hers, "password": "not-hers-1"})

    assert [guess() for _ in range(9)] == [401] * 9
    assert ask(hers) == 303
    assert [guess() for _ in range(10)] == [401] * 10
    assert ask(hers) == 429
    assert ask(graces) == 303
    assert ask(hers) == 429
    app.clock.advance(minutes=15, seconds=-1)
    assert ask(hers) == 429
    app.clock.advance(seconds=1)
    assert ask(hers) == 303
