"""The displays under a cell: everything is shown, nothing runs, and the text says what the HTML says."""

import re
from html import unescape

import pytest
import requests
from urllib3 import HTTPHeaderDict, HTTPResponse

from authlab import forms
from authlab.lab.show.cookie import cookie, in_words, parse_set_cookie
from authlab.lab.show.display import Display, Tone, printable, shortened
from authlab.lab.show.exchange import exchange
from authlab.lab.show.message import message
from authlab.lab.show.page_text import page_lines
from authlab.lab.show.plain import plain
from authlab.lab.show.request_path import deciding_step, request_path
from authlab.lab.show.shown import shown
from authlab.lab.show.source import source
from authlab.lab.show.table import table
from tests.lab.sanitiser import violations

SESSION = (
    "__Host-session=eyJhbGciOiJIUzI1NiJ9.abcdefghijklmnopqrstuvwxyz.0123456789; "
    "HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=604800"
)
REFUSED_SIGNUP = [
    ("app", "POST /signup"),
    ("middleware", "no session: go on"),
    ("actions", "signup"),
    ("forms", "refused: email, password"),
    ("app", "422, with the security headers"),
]
SIGNED_IN = [
    ("app", "GET /profile"),
    ("middleware", "a session of user 1: go on"),
    ("pages", "profile"),
    ("db", "SELECT id FROM users WHERE id = ?"),
    ("dal", "proven: user 1, user"),
    ("app", "200, with the security headers"),
]


def answered(
    body: str = "",
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=utf-8"),),
    **sent: object,
) -> requests.Response:
    """Return a response as the lab's browser makes it, without any app behind it."""
    asked = {"method": "GET", "url": "https://lab.test/profile", **sent}
    raw = HTTPResponse(headers=HTTPHeaderDict(headers), status=status, preload_content=False)
    response = requests.Response()
    response.status_code = status
    response.raw = raw
    response.headers.update(dict(raw.headers.items()))
    response._content = body.encode()
    response.request = requests.Request(**asked).prepare()
    return response


def signup(**options: object) -> requests.Response:
    """Return the answer to a sign-up by Ada."""
    data = {"name": "Ada", "email": "ada@lab.test", "password": "analytical-engine-1843"}
    return answered(method="POST", url="https://lab.test/signup", data=data, **options)


def words_of(display: Display) -> str:
    """Return the words a reader of the HTML sees, folded ones too."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", display.html)).split())


EVERY_DISPLAY = {
    "page": lambda: exchange(answered("<main><p class=error>No.</p><input value=x></main>", 422)),
    "redirect": lambda: exchange(
        signup(status=303, headers=(("Location", "/profile"), ("Set-Cookie", SESSION)))
    ),
    "json": lambda: exchange(answered('{"a": "<b>"}', headers=(("Content-Type", "application/json"),))),
    "text": lambda: exchange(answered("<b>\n" * 40, headers=(("Content-Type", "text/css"),))),
    "good cookie": lambda: cookie(SESSION),
    "bad cookie": lambda: cookie("s=<script>; SameSite=None; Path=/x; Domain=lab.test; Max-Age=x"),
    "no cookie": lambda: cookie(answered()),
    "path": lambda: request_path(SIGNED_IN),
    "no path": lambda: request_path([]),
    "source": lambda: source(forms.canonical_email),
    "table": lambda: table([("<i>", True, None)], ["a", "b", "c"]),
    "value": lambda: shown({"a": "<b>", "c": ["$x$"]}),
}


@pytest.mark.parametrize("name", EVERY_DISPLAY)
def test_a_display_survives_the_sanitiser_of_an_untrusted_notebook(name: str) -> None:
    assert violations(EVERY_DISPLAY[name]().html) == []


@pytest.mark.parametrize("name", EVERY_DISPLAY)
def test_a_display_is_the_same_every_time(name: str) -> None:
    first, second = EVERY_DISPLAY[name](), EVERY_DISPLAY[name]()
    assert (first.html, first.text) == (second.html, second.text)


@pytest.mark.parametrize("name", EVERY_DISPLAY)
def test_a_display_offers_html_and_text(name: str) -> None:
    display = EVERY_DISPLAY[name]()
    assert display._repr_mimebundle_() == {"text/html": f" \n{display.html}", "text/plain": repr(display)}
    assert repr(display).strip()


@pytest.mark.parametrize("name", EVERY_DISPLAY)
def test_a_folded_display_gives_nothing_away(name: str) -> None:
    """JupyterLab writes the first line of the HTML beside the dots, and skips a line of no characters."""
    first = EVERY_DISPLAY[name]()._repr_mimebundle_()["text/html"].split("\n")[0]
    assert first == " "


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<style>p{}</style>",
        "<svg></svg>",
        '<p onclick="x">x</p>',
        '<div style="color:red">x</div>',
        '<div style="background:var(--x)">x</div>',
        '<div style="position:fixed">x</div>',
        '<div class="mine">x</div>',
        "<tr><td>x</td></tr>",
        "<div>",
    ],
)
def test_the_rule_of_the_sanitiser_can_fail(html: str) -> None:
    assert violations(html)


class TestExchange:
    def test_both_sides_are_named(self) -> None:
        shown = exchange(signup(status=303, headers=(("Location", "/profile"),)))
        for side in (shown.text, words_of(shown)):
            assert "→ POST /signup" in side
            assert "https://lab.test" in side
            assert "← 303 See Other" in side
            assert "/profile" in side

    def test_a_form_is_shown_without_its_password(self) -> None:
        shown = exchange(signup())
        for side in (shown.text, words_of(shown)):
            assert "name = Ada" in side
            assert "email = ada@lab.test" in side
            assert "password = ••••" in side
        assert "analytical" not in shown.text + shown.html

    def test_json_is_shown_without_its_passwords_at_any_depth(self) -> None:
        sent = {"user": [{"new_password": "analytical-engine", "name": "Ada"}]}
        shown = exchange(answered(method="POST", url="https://lab.test/", json=sent))
        assert '"name": "Ada"' in shown.text
        assert "analytical" not in shown.text + shown.html

    def test_the_request_headers_that_matter_are_shown(self) -> None:
        headers = {"Origin": "https://evil.test", "X-Forwarded-For": "1.2.3.4", "Cookie": "a=1; b=2"}
        shown = exchange(answered_with(headers))
        for side in (shown.text, words_of(shown)):
            for fact in ("https://evil.test", "1.2.3.4", "a=1", "b=2"):
                assert fact in side

    def test_what_differs_from_run_to_run_is_not_shown(self) -> None:
        shown = exchange(answered(headers=(("Date", "Mon, 23 Nov 2026"), ("Server", "Werkzeug/3.1.9"))))
        assert "2026" not in shown.html + shown.text
        assert "Werkzeug" not in shown.html + shown.text
        loopback = answered(url="http://127.0.0.1:54321/login")
        assert "54321" not in exchange(loopback).html + exchange(loopback).text

    def test_every_attribute_of_a_cookie_has_a_row_of_its_own(self) -> None:
        shown = exchange(answered(headers=(("Set-Cookie", SESSION),)))
        for line in (
            r"Set-Cookie:\s+__Host-session=eyJhbG\S*…\S*789",
            r"HttpOnly:\s+✓ set",
            r"Secure:\s+✓ set",
            r"SameSite:\s+✓ Lax",
            r"Path:\s+/",
            r"Max-Age:\s+604800 \(7 days\)",
        ):
            assert re.search(rf"^\s*{line}$", shown.text, re.MULTILINE)
            assert re.search(line.replace(":", "", 1), words_of(shown))

    def test_several_cookies_are_all_shown(self) -> None:
        shown = exchange(answered(headers=(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Secure"))))
        assert shown.text.count("Set-Cookie:") == 2
        assert shown.text.count("✗ missing") == 5
        assert words_of(shown).count("✗ missing") == 5

    def test_the_other_headers_are_folded(self) -> None:
        shown = exchange(answered("x", headers=(("X-Content-Type-Options", "nosniff"),)))
        assert "<summary" in shown.html.split("nosniff")[0]
        assert "1 more header: X-Content-Type-Options" in shown.text

    def test_a_page_is_shown_as_its_text_with_errors_marked(self) -> None:
        page = """<title>Sign up</title><nav>Log in</nav><main><h1>Sign up</h1><label>Name</label>
            <input value="A"><p class="error">Name must be longer.</p>
            <input type="hidden" name="nonce" value="n0nce"></main>"""
        shown = exchange(answered(page, 422))
        assert "| ✗ Name must be longer." in shown.text
        assert "| Name [ A ]" in shown.text
        assert "✗ Name must be longer." in words_of(shown)
        assert "Log in" not in shown.text  # around the page, not in it
        assert "n0nce" not in shown.text
        assert "n0nce" in words_of(shown)  # in the folded source

    def test_what_an_attacker_wrote_does_not_become_html(self) -> None:
        bad = '<script>alert(1)</script><img src=x onerror="alert(2)">'
        for display in (
            exchange(answered(f"<main><p>{bad}</p></main>")),
            exchange(answered(bad, headers=(("Content-Type", "application/json"), ("X-A", bad)))),
            exchange(answered_with({"Cookie": f"a={bad}", "X-B": bad})),
            exchange(answered(headers=(("Set-Cookie", f"a={bad}; {bad}"),))),
            exchange(answered(method="POST", url="https://lab.test/", data={bad: bad})),
        ):
            assert violations(display.html) == []
            assert "alert" in words_of(display)

    def test_a_script_in_a_page_stands_out(self) -> None:
        lines = page_lines("<main>Hi <script>steal()</script><b onclick='x()'>y</b></main>")
        notes = [line.text for line in lines if "runs" in line.text]
        assert notes == [
            "markup that runs a script: steal()",
            "markup that runs a script: <b onclick=x()>",
        ]

    def test_an_escaped_script_is_text(self) -> None:
        lines = page_lines("<main><p>&lt;script&gt;steal()&lt;/script&gt;</p></main>")
        assert [line.text for line in lines] == ["<script>steal()</script>"]

    def test_a_term_and_its_value_are_one_line(self) -> None:
        page = "<dl><dt>Name</dt>\n<dd><bdi>Ada</bdi></dd><dt>Role</dt><dd>user</dd></dl>"
        assert [line.text for line in page_lines(page)] == ["Name: Ada", "Role: user"]

    @pytest.mark.parametrize(
        ("page", "line"),
        [
            ('<a href="/a">Make an account</a> <a href="/b">Log in</a>', "Make an account · Log in"),
            ("<a>A</a><a><b>B</b> c</a>\n<a>D</a>", "A · B c · D"),
            ("Or <a>log in</a> or <a>sign up</a>.", "Or log in or sign up ."),
            ("<a>A</a> <a></a><p>B</p>", "A"),
        ],
    )
    def test_links_in_a_row_are_no_sentence(self, page: str, line: str) -> None:
        assert page_lines(page)[0].text == line

    def test_the_heading_of_several_errors_is_no_error_of_its_own(self) -> None:
        rules = "<ul class=error><li>Be long.</li><li>Have a number.</li></ul>"
        shown = exchange(answered(f"<p class=error>Password must:</p>{rules}<p>Bye</p>", 422))
        assert "| Password must:\n  | ✗ Be long.\n  | ✗ Have a number.\n  | Bye" in shown.text
        assert words_of(shown).count("✗") == 2
        assert re.search(r"211,47,47[^>]*>Password must:", shown.html)

    def test_an_error_that_ends_in_a_colon_alone_is_an_error(self) -> None:
        assert "| ✗ Wrong:\n  | Bye" in exchange(answered("<p class=error>Wrong:</p><p>Bye</p>")).text

    def test_a_long_page_is_cut_but_keeps_its_errors(self) -> None:
        page = "<p>line</p>" * 50 + "<p role=alert>Wrong.</p>"
        assert "✗ Wrong." in exchange(answered(page)).text
        assert "… 36 more lines" in exchange(answered(page)).text

    def test_an_empty_body_is_said(self) -> None:
        assert "no body" in exchange(answered()).text


def answered_with(headers: dict[str, str]) -> requests.Response:
    """Return an answer to a request with these headers."""
    response = answered()
    response.request = requests.Request("GET", "https://lab.test/", headers=headers).prepare()
    return response


class TestCookie:
    def test_every_attribute_is_explained(self) -> None:
        shown = cookie(SESSION)
        for attribute in ("HttpOnly", "Secure", "SameSite", "Path", "Domain", "Max-Age"):
            assert f"{attribute}:" in shown.text
            assert attribute in words_of(shown)
        assert "a script on the page cannot read it" in words_of(shown)
        assert "✗" not in shown.text + shown.html

    def test_the_explanation_stands_under_the_value(self) -> None:
        """Beside it, in a narrow notebook, it was a column of one word a line."""
        rows = re.findall(r"<tr.*?</tr>", cookie(SESSION).html)
        assert [len(re.findall("<td", row)) for row in rows] == [3] * len(rows)
        assert all(re.search(r"<div [^>]*>[^<]{15,}</div></td></tr>$", row) for row in rows)

    def test_what_is_missing_is_marked(self) -> None:
        shown = cookie("session=abc")
        for side in (shown.text, words_of(shown)):
            assert len(re.findall(r"✗ (HttpOnly|Secure|SameSite):?\s+missing", side)) == 3

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("__Host-s=1; Secure; Path=/app", "prefix broken"),
            ("__Host-s=1; Secure; Path=/; Domain=lab.test", "prefix broken"),
            ("__Secure-s=1", "prefix broken"),
            ("s=1; SameSite=None", "None needs Secure"),
            ("s=1; SameSite=Sometimes", "not a known value"),
            ("s=1; Max-Age=0", "drops the cookie now"),
            ("s=1; Max-Age=-5", "drops the cookie now"),
            ("s=1; Max-Age=soon", "not a number"),
            ("s=1; Max-Age=٣", "not a number"),
            ("s=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("s=1; Max-Age=5; Expires=never", "Max-Age wins"),
            ("s=1; Wrong=x", "browsers ignore it"),
            ("s=1; Domain=lab.test", "every host below it"),
        ],
    )
    def test_what_a_browser_makes_of_it(self, text: str, said: str) -> None:
        assert said in cookie(text).text
        assert said in words_of(cookie(text))

    def test_of_two_equal_attributes_the_last_counts(self) -> None:
        parsed = parse_set_cookie("a=b=c ; PATH=/x; path=/y;;SameSite = lax")
        assert (parsed.name, parsed.value) == ("a", "b=c")
        assert parsed.attributes == {"path": "/y", "samesite": "lax"}

    def test_a_response_without_a_cookie_is_said(self) -> None:
        assert "sets no cookie" in cookie(answered()).text

    def test_all_cookies_of_a_response_are_shown(self) -> None:
        shown = cookie(answered(headers=(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))))
        assert "a=1" in shown.text
        assert "b=2" in shown.text

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(604800, "7 days"), (5400, "1 hour 30 minutes"), (1, "1 second"), (0, "0 seconds")],
    )
    def test_seconds_are_said_as_people_say_them(self, seconds: int, words: str) -> None:
        assert in_words(seconds) == words


class TestRequestPath:
    def test_lanes_exist_only_for_the_layers_that_took_part(self) -> None:
        rows = re.findall(r"<tr.*?</tr>", request_path(REFUSED_SIGNUP).html)
        cells = [re.findall(r"<td\b[^>]*>(.*?)</td>", row) for row in rows]
        assert [row[:-1] for row in cells] == [
            ["1", "●", "", "", "", "app"],
            ["2", "", "●", "", "", "middleware"],
            ["3", "", "", "●", "", "actions"],
            ["4", "", "", "", "◆", "forms"],
            ["5", "●", "", "", "", "app"],
        ]

    def test_no_long_word_pushes_a_column_out_of_a_narrow_notebook(self) -> None:
        html = request_path([("app", "GET /" + "x" * 200), ("a" * 99, "y")]).html
        assert "table-layout:fixed" in html
        for column in ("a" * 99, "GET /" + "x" * 200):
            assert re.search(rf"overflow-wrap:break-word[^>]*>(<b[^>]*>)?{column}", html)
        assert "nowrap" not in html

    def test_a_refusal_before_the_database_asks_it_nothing(self) -> None:
        shown = request_path(REFUSED_SIGNUP)
        for side in (shown.text, words_of(shown)):
            assert "Decided by forms · 0 questions to the database" in side

    def test_the_steps_are_in_their_order(self) -> None:
        shown = request_path(SIGNED_IN)
        for side in (shown.text, words_of(shown)):
            steps = ".*".join(re.escape(what) for _, what in SIGNED_IN)
            assert re.search(steps, side, re.DOTALL)
        assert "Answered by pages · 1 question to the database" in shown.text

    @pytest.mark.parametrize(
        ("steps", "decided"),
        [
            (REFUSED_SIGNUP, (3, "decided")),
            (SIGNED_IN, (2, "answered")),
            (
                [("app", "GET /profile"), ("middleware", "no session: to /login"), ("app", "303")],
                (1, "decided"),
            ),
            ([("app", "GET /nowhere"), ("app", "404")], (1, "decided")),
            (
                [("app", "GET /"), ("pages", "home"), ("dal", "refused: nobody"), ("app", "200")],
                (1, "answered"),
            ),
            (
                [("app", "GET /a"), ("pages", "a"), ("dal", "refused: no admin"), ("app", "403")],
                (2, "decided"),
            ),
        ],
    )
    def test_who_decided(self, steps: list[tuple[str, str]], decided: tuple[int, str]) -> None:
        assert deciding_step(steps) == decided

    def test_a_path_with_markup_is_text(self) -> None:
        shown = request_path([("app", "GET /<script>"), ("<b>", "x")])
        assert violations(shown.html) == []


class TestSource:
    def test_code_is_shown_under_the_name_of_its_file(self) -> None:
        shown = source(forms.canonical_email)
        assert shown.text.startswith("authlab/forms.py · canonical_email\n")
        assert "authlab/forms.py · canonical_email" in words_of(shown)
        assert "def canonical_email(raw: str)" in shown.text

    def test_every_character_is_there(self) -> None:
        code = 'def f(x):\n    """Doc <b>."""\n    # why\n    return f"{x if x else 0}" < "é"\n'
        shown = source(code, "naive.py")
        body = re.search(r"<pre[^>]*>(.*)</pre>", shown.html, re.DOTALL)
        assert body is not None
        assert unescape(re.sub(r"<[^>]*>", "", body[1])) == code.strip()
        assert shown.text.startswith("naive.py\n")

    def test_keywords_in_f_strings_look_the_same_on_every_python(self) -> None:
        assert ">if<" not in source('f"{1 if 2 else 3}"').html
        assert ">if<" in source("if x: pass").html

    def test_text_that_is_no_python_is_shown_plain(self) -> None:
        assert "GET / <b>(" in words_of(source("GET / <b>(", "request"))

    def test_a_method_is_moved_to_the_left(self) -> None:
        assert "\n  def push(self" in source(forms.Debouncer.push).text

    def test_what_was_not_written_in_python_is_refused_in_one_line(self) -> None:
        with pytest.raises(ValueError, match=r"expected a function, class or module .* got <"):
            source(len)


class TestShown:
    def test_a_value_is_written_as_python_writes_it(self) -> None:
        display = shown(["Contain at least one letter.", {"a": " \t"}])
        assert display.text == "['Contain at least one letter.', {'a': ' \\t'}]"
        assert words_of(display) == display.text

    def test_a_long_value_is_wrapped(self) -> None:
        assert re.search(
            r"<pre [^>]*white-space:pre-wrap;[^>]*overflow-wrap:break-word", shown("x" * 999).html
        )


def pieces_of(words: str) -> list[tuple[bool, str]]:
    """Return a message's lines as they are shown: whether set as code, and the words."""
    lines = re.findall(r"<div style=\"([^\"]*)\">((?:(?!<div).)*?)</div>", message(words).html)
    return [("monospace" in style, unescape(re.sub(r"<[^>]*>", "", line))) for style, line in lines]


class TestMessage:
    def test_the_call_is_code_and_the_why_is_one_paragraph(self) -> None:
        """Wrapped for a terminal, the why must not break twice in a narrow notebook."""
        assert pieces_of('f("  "): expected `1`, got 2\nTwo "  " spaces\nare not one.') == [
            (True, 'f("  "): expected `1`, got 2'),
            (False, 'Two "  " spaces are not one.'),
        ]

    @pytest.mark.parametrize("label", ["after", "your requests", "it printed", "one believes", "it is right"])
    def test_a_labelled_line_is_code_with_a_quiet_label(self, label: str) -> None:
        words = f"f(): expected 1, got 2\n  {label}  x = ['  ']\nWhy\nnot.\n  {label}  y"
        assert pieces_of(words) == [
            (True, "f(): expected 1, got 2"),
            (True, f"{label}  x = ['  ']"),
            (False, "Why not."),
            (True, f"{label}  y"),
        ]
        assert message(words).html.count(f'<span style="opacity:.72">{label}</span>  ') == 2

    def test_backticks_are_code_in_our_words_and_backticks_in_code(self) -> None:
        shown = message("f(`x`): got y\n  it printed  `z`\n  one believes  `A` to `Z`.\nWhy `w`\nholds.")
        assert re.findall(r"<code[^>]*>(.*?)</code>", shown.html) == ["A", "Z", "w"]
        assert "f(`x`)" in shown.html
        assert "`z`" in shown.html

    def test_spaces_in_values_are_kept(self) -> None:
        shown = message("f('  ')\n  after  g('  ')\nWhy '  '.")
        kept = re.findall(r"white-space:pre-wrap[^>]*>(?:<span.*?</span>)?([^<]*)", shown.html)
        assert kept == ["f(&#x27;  &#x27;)", "  g(&#x27;  &#x27;)", "Why &#x27;  &#x27;."]

    def test_an_untouched_fix_is_told_in_words_first(self) -> None:
        assert pieces_of("It runs, and it is wrong.\nf(): expected 1, got 2\nWhy\nnot.") == [
            (False, "It runs, and it is wrong."),
            (True, "f(): expected 1, got 2"),
            (False, "Why not."),
        ]
        assert pieces_of("It runs, and it is wrong.") == [(False, "It runs, and it is wrong.")]

    def test_no_line_is_lost(self) -> None:
        words = "ValidationError: 1 error\nname\n  Field required [type=missing]\n\n    GET /\nb"
        seen = " ".join(" ".join(text.split()) for _, text in pieces_of(words))
        assert seen == " ".join(words.split())
        assert message(words).text.split("\n") == [f"  {line}" if line else "" for line in words.split("\n")]


class TestTable:
    def test_true_false_and_nothing_have_glyph_and_word(self) -> None:
        shown = table([("a", True, None), ("b", False, 1)], ["x", "found", "n"])
        for side in (shown.text, words_of(shown)):
            assert "✓ yes" in side
            assert "✗ no" in side
            assert "—" in side

    def test_columns_are_aligned_whatever_their_script(self) -> None:
        lines = table([("é", "|"), ("e\u0301", "|"), ("日本", "|"), ("abcd", "|")]).text.split("\n")
        assert lines == ["é     |", "e\u0301     |", "日本  |", "abcd  |"]

    def test_rows_of_different_lengths_are_refused(self) -> None:
        with pytest.raises(ValueError, match="expected 2 cells in each row, got 1"):
            table([("a",)], ["x", "y"])

    def test_no_rows_are_no_error(self) -> None:
        assert "x" in table([], ["x"]).text


def test_what_is_invisible_or_steers_is_shown_as_an_escape() -> None:
    """A terminal obeys `ESC`, and U+202E turns the reading direction around."""
    assert printable("a\x1b[2J\u202eb\x00\r\u200b\ud800\n") == ("a\\x1b[2J\\u202eb\\x00\\r\\u200b\\ud800\n")
    shown = exchange(answered("x\x1b[2J", headers=(("Content-Type", "text/plain"),)))
    assert "\x1b" not in shown.text + shown.html


def test_long_values_keep_both_ends() -> None:
    value = "a" * 50 + "z" * 50
    assert shortened(value, 20) == "a" * 13 + "…" + "z" * 6
    assert shortened("short", 20) == "short"


def test_dollar_signs_never_become_a_formula() -> None:
    """JupyterLab typesets `$…$` in every output that does not forbid it: bcrypt hashes have three."""
    for name, make in EVERY_DISPLAY.items():
        assert make().html.startswith('<div class="mathjax_ignore"'), name


def test_a_display_in_a_cell_tints_nothing_and_a_verdict_does() -> None:
    """A lesson's marks begin with any of them: a red cell would mean its first exercise, or nothing."""
    several = table([[Display("✗ 5.1 ● 5.2", "✗ 5.1 ● 5.2")]])
    assert Tone.BAD.tint not in several.html
    assert Tone.BAD.tint in table([["✗ won"]]).html
    assert Tone.GOOD.tint in table([[True]]).html


def test_a_heading_without_words_heads_nothing() -> None:
    html = table([[1, "a"]], ["", "lesson"]).html
    assert html.count("<th ") == 1


def test_plain_text_has_a_sign_for_each_glyph_and_an_escape_for_the_rest() -> None:
    assert plain("✓ ✗ ○ ◔ — … → é ж") == "+ x - t - ... -> \\xe9 \\u0436"
    assert plain("●◐ ✗", {"●": "#", "◐": "~"}) == "#~ x"
