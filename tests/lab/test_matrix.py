"""The picture of flaws x attacks: card and text say the same, and nothing that was not run."""

import re
from html import unescape

import pytest

from authlab.course.audit import Finding, Line, Picture, Word
from authlab.course.bank import Attack, Flaw, Outcome
from authlab.lab import audit, audit_flaws
from authlab.lab.show.matrix import as_text, matrix
from tests.lab.sanitiser import violations


def attack(number: int, name: str) -> Attack:
    return Attack(number, name, f"Try <{name}>.", lambda app: Outcome(False, ""), "lesson_01_forms")


def flaw(name: str, part: str, falls_to: int) -> Flaw:
    return Flaw(name, part, None, "Belief.", "Misconception.", falls_to, None, {}, "lesson_01_forms")


ATTACKS = (attack(2, "pad"), attack(14, "enumerate"), attack(101, "number"))
STRIPS = flaw("strips", "authlab.forms:canonical_email", 2)
KEEPS = flaw("keeps", "authlab.forms:canonical_email", 14)
BARE = flaw("bare", "authlab.tokens:sign_session", 101)


def line(of: Flaw | None, *outcomes: Word) -> Line:
    return Line(of, tuple(Finding(a, o, "evidence") for a, o in zip(ATTACKS, outcomes, strict=True)))


RIGHT = Picture(
    ATTACKS,
    (
        line(None, "resisted", "accepted", "resisted"),
        line(STRIPS, "won", "accepted", "won"),
        line(KEEPS, "resisted", "won", "resisted"),
        line(BARE, "resisted", "accepted", "won"),
    ),
)
BROKEN = Picture(
    ATTACKS,
    (
        line(None, "won", "resisted", "resisted"),
        line(STRIPS, "resisted", "resisted", "error"),
    ),
)


def words_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_the_text_is_a_table_with_numbers_to_be_read_downwards() -> None:
    assert as_text(RIGHT).split("\n") == [
        "3 flaws × 3 attacks  (each flaw falls to its attack, the package to none but the accepted)",
        "",
        "                  1",
        "                1 0",
        "  attack      2 4 1",
        "  the package · ~ ·",
        "forms.canonical_email",
        "  strips      ● ~ ○",
        "  keeps       · ● ·",
        "tokens.sign_session",
        "  bare        · ~ ●",
        "",
        "● won: the attack that the flaw falls to; ○ won as well; · resisted; ~ won, and accepted",
        "Each cell: the worse outcome of both ways of keeping sessions.",
        "",
        "  2 pad         14 enumerate  101 number",
    ]


def test_a_title_that_does_not_fit_goes_in_two_lines() -> None:
    assert as_text(RIGHT, 80).split("\n")[:3] == [
        "3 flaws × 3 attacks",
        "(each flaw falls to its attack, the package to none but the accepted)",
        "",
    ]


def test_a_plain_terminal_gets_ascii() -> None:
    lines = as_text(RIGHT, ascii=True).split("\n")
    assert "\n".join(lines).isascii()
    assert "  strips      X ~ x" in lines
    assert any(said.startswith("X won: the attack that the flaw falls to; x won as well") for said in lines)


def test_colour_adds_nothing_but_colour() -> None:
    coloured = as_text(RIGHT, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == as_text(RIGHT)


@pytest.mark.parametrize(("width", "bands"), [(100, 1), (80, 2)])
def test_more_attacks_than_a_terminal_is_wide_go_in_bands(width: int, bands: int) -> None:
    """74 attacks and long names: one band where a column each has room, or each flaw again below."""
    many = tuple(attack(number, "a") for number in range(1, 75))
    long = flaw("a_name_of_thirty_characters_or_", "authlab.forms:canonical_email", 74)
    findings = tuple(Finding(one, "won" if one.number == 74 else "resisted", "") for one in many)
    resisted = tuple(Finding(one, "resisted", "") for one in many)
    if width == 100:
        long = flaw("short", "authlab.forms:canonical_email", 74)
    text = as_text(Picture(many, (Line(None, resisted), Line(long, findings))), width)
    table = text.split("\n\n● won")[0].split("\n")[1:]
    assert max(map(len, table)) <= width
    drawn = [said for said in table if said.startswith(f"  {long.name[:20]}")]
    assert len(drawn) == bands
    assert sum(said.count("·") for said in drawn) == 73
    assert drawn[-1].endswith("●")


@pytest.mark.parametrize("picture", [RIGHT, BROKEN], ids=["right", "broken"])
def test_in_a_narrow_terminal_its_sentences_are_wrapped(picture: Picture) -> None:
    assert max(map(len, as_text(picture, 40).split("\n"))) <= 40


def test_what_should_not_be_is_told_and_marked() -> None:
    """A canary that died must not look like a flaw that happens to be harmless."""
    for said in (as_text(BROKEN), words_of(matrix(BROKEN).html)):
        assert "3 contradictions" in said
        assert "! 2 pad wins on the package: evidence" in said
        assert "! 2 pad does not win on strips: evidence" in said
        assert "! 101 number proves nothing on strips: evidence" in said
        assert "? should have won, and did not" in said
        assert "falls to its attack, the package" not in said
    assert "  strips      ? · !" in as_text(BROKEN).split("\n")


@pytest.mark.parametrize("shown", [RIGHT, BROKEN, Picture((), (Line(None, ()),))])
def test_a_card_survives_the_sanitiser_of_an_untrusted_notebook(shown: Picture) -> None:
    card = matrix(shown)
    assert violations(card.html) == []
    assert card.html.startswith('<div class="mathjax_ignore"')
    assert card._repr_mimebundle_() == {"text/html": f" \n{card.html}", "text/plain": as_text(shown)}


def test_the_card_says_what_the_text_says() -> None:
    """The same cells in the same order, and a glyph beside every tint."""
    html = matrix(RIGHT).html
    rows = [
        re.sub(r"<[^>]*>", "", row.replace("</td>", " ")).split()
        for row in re.findall(r"<tr.*?</tr>", html)
        if "<td" in row
    ]
    assert rows[:6] == [
        ["the", "package", "·", "~", "·"],
        ["forms.canonical_email"],
        ["strips", "●", "~", "○"],
        ["keeps", "·", "●", "·"],
        ["tokens.sign_session"],
        ["bare", "·", "~", "●"],
    ]
    assert "pad: Try <pad>." in words_of(html)
    assert "both ways of keeping sessions" in words_of(html)
    cells = re.findall(r"<td[^>]*background:rgba\((\d+),[^>]*>([^<]*)</td>", html)
    tints: dict[str, set[str]] = {}
    for red, glyph in cells:
        tints.setdefault(glyph, set()).add(red)
    assert {glyph: tints[glyph] for glyph in "●○·~"} == {
        "●": {"211"},
        "○": {"237"},
        "·": {"0"},
        "~": {"25"},
    }


def test_evidence_cannot_steer_a_terminal_or_become_html() -> None:
    bad = Finding(ATTACKS[0], "won", "\x1b[2J<script>")
    shown = Picture(ATTACKS[:1], (Line(None, (bad,)),))
    assert violations(matrix(shown).html) == []
    assert "\x1b" not in as_text(shown) + matrix(shown).html


@pytest.mark.full
def test_a_notebook_shows_the_audit_of_a_flaw_with_its_evidence() -> None:
    shown = audit(flaw="bare_member_number")
    lines = [re.split(r"\s{2,}", said) for said in shown.text.split("\n")[2:]]
    assert [
        "✗ won",
        "101",
        "bare_number_as_cookie",
        "stateless: won, read member 3's profile: The Vault 7f3a; "
        "database: resisted, 303, to /login?next=%2Fprofile",
    ] in lines
    assert [said[0] for said in lines if said[1] == "26"] == ["✓ resisted"]
    assert violations(shown.html) == []


def test_a_notebook_shows_the_picture_of_a_lesson() -> None:
    shown = audit_flaws("lesson_00")
    assert "bare_member_number" in shown.text
    assert "each flaw falls to its attack" in shown.text


def test_a_flaw_that_does_not_exist_is_refused_in_a_notebook_too() -> None:
    with pytest.raises(LookupError, match="did you mean case_kept"):
        audit(flaw="case_keept")
