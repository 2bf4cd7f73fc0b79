"""What must not reach learners is found wherever it is planted: in code, notebooks, outputs and metadata."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from authlab.classroom import leaks
from authlab.course import derive
from authlab.course.curriculum import select
from authlab.course.places import ROOT

ASKED = select("1.1")[0]
ANSWER = "\n".join(derive.solution_block(ASKED))
IN_ANOTHER_STYLE = "def canonical_email(text: str) -> str | None:\n    return text.lower()\n"
SECRET = base64.b64encode(bytes(range(128, 160))).decode()
PASSED = "✓ 1.1 One address, one spelling — passed  (8 of 8 checks hold)"
PROGRESS = '{"version": 1, "exercises": {"1.1": {"status": "passed", "passed_before": true}}}'


def notebook(
    source: str = "", output: object = None, kind: str = "code", **metadata: object
) -> dict[str, Any]:
    cell: dict[str, Any] = {"id": "one", "cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
        cell |= {"execution_count": 1, "outputs": outputs}
    return {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def html_output(text: str) -> dict[str, Any]:
    read = notebook("shown")
    read["cells"][0]["outputs"] = [
        {"output_type": "display_data", "data": {"text/html": text}, "metadata": {}}
    ]
    return read


def cell_metadata(**metadata: object) -> dict[str, Any]:
    read = notebook("1 + 1")
    read["cells"][0]["metadata"] = metadata
    return read


def found(path: str, content: str | bytes | dict[str, Any], *open_book: str) -> list[str]:
    text = json.dumps(content, indent=1) if isinstance(content, dict) else content
    data = text.encode() if isinstance(text, str) else text
    return [leak.what for leak in leaks.found([(path, data)], open_book)]


def faded(code: str) -> str:
    """Return code as a display colours it."""
    return (
        "<pre>"
        + code.replace("&", "&amp;").replace("<", "&lt;").replace("return", "<b>return</b>")
        + "</pre>"
    )


OWN = "worksheets/week_1.ipynb"


@pytest.mark.parametrize(
    ("path", "content", "what"),
    [
        # solved answers
        pytest.param("solutions/lesson_01_forms.py", "x = 1\n", "answers", id="the-folder-of-solutions"),
        pytest.param("exercises/lesson_01_forms.py", ANSWER, "an answer", id="answer-in-a-file"),
        pytest.param("exercises/mine.py", IN_ANOTHER_STYLE, "an answer", id="answer-in-another-style"),
        pytest.param(
            "notes.md",
            f"Try this:\n\n    {ANSWER}\n".replace("\n", "\n    "),
            "an answer",
            id="answer-in-text",
        ),
        pytest.param(OWN, notebook(ANSWER), "an answer", id="answer-in-a-cell"),
        pytest.param(OWN, notebook("%load_ext x\n" + ANSWER), "an answer", id="answer-below-a-magic"),
        pytest.param(OWN, notebook(ANSWER, kind="markdown"), "an answer", id="answer-in-markdown"),
        pytest.param(OWN, notebook("show()", ANSWER), "an answer", id="answer-in-an-output"),
        pytest.param(
            OWN,
            notebook("show()", ANSWER.splitlines(keepends=True)),
            "an answer",
            id="answer-in-an-outputs-lines",
        ),
        pytest.param(OWN, html_output(faded(ANSWER)), "an answer", id="answer-in-coloured-html"),
        pytest.param(OWN, notebook(authlab={"kept": ANSWER}), "an answer", id="answer-in-metadata"),
        pytest.param(OWN, cell_metadata(kept=ANSWER), "an answer", id="answer-in-a-cells-metadata"),
        # verdicts
        pytest.param(OWN, notebook('check("1.1")', PASSED), "passed", id="verdict-in-an-output"),
        pytest.param(OWN, html_output(f"<div>{PASSED}</div>"), "passed", id="verdict-in-html"),
        pytest.param(
            OWN, notebook("!check", "✓ 1.1   One address\n1 of 4 passed."), "passed", id="verdict-in-a-list"
        ),
        pytest.param(OWN, cell_metadata(last=PASSED), "passed", id="verdict-in-metadata"),
        # progress and the state of a clone
        pytest.param(
            ".authlab/kept/0001_lesson_01_forms.py", "x = 1\n", "state of a clone", id="kept-answers"
        ),
        pytest.param("docs/progress.json", "{}", "state of a clone", id="progress-by-name"),
        pytest.param("docs/old.json", PROGRESS, "progress", id="progress-by-content"),
        pytest.param(OWN, notebook(was=PROGRESS), "progress", id="progress-in-metadata"),
        pytest.param("docs/.git/config", "", "history", id="a-git-folder"),
        # secrets
        pytest.param(".env", "", "secret", id="env-file"),
        pytest.param("docs/class.env", "", "secret", id="named-env-file"),
        pytest.param("server.key", "", "secret", id="key-file"),
        pytest.param("docs/a.md", f"SESSION_SECRET={SECRET}\n", "a secret of the app", id="secret-in-text"),
        pytest.param(
            "a.py", f'{{"PASSWORD_PEPPER": "{SECRET}"}}', "a secret of the app", id="secret-in-code"
        ),
        pytest.param(
            OWN, notebook(env={"SESSION_SECRET": SECRET}), "a secret of the app", id="secret-in-metadata"
        ),
        pytest.param(
            OWN, notebook("!cat .env", f"SESSION_SECRET={SECRET}"), "a secret of the app", id="secret-output"
        ),
        pytest.param(
            "a.txt", f"SESSION_SECRET={SECRET}".encode("utf-16"), "a secret of the app", id="secret-in-utf-16"
        ),
        pytest.param(
            "a.bin", b"\x80\x00SESSION_SECRET=" + SECRET.encode(), "a secret of the app", id="in-binary"
        ),
        pytest.param(
            "a.txt",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1234",
            "a private key",
            id="private-key",
        ),
        pytest.param(
            OWN,
            notebook("x", "http://localhost:8888/lab?token=0123456789abcdef0123"),
            "notebook server",
            id="url",
        ),
        pytest.param(
            OWN, notebook(server="?token=0123456789abcdef0123"), "notebook server", id="token-in-metadata"
        ),
        pytest.param(
            OWN, notebook("%env JUPYTER_TOKEN=0123456789abcdef0123"), "notebook server", id="token-in-code"
        ),
        pytest.param("a.md", "ghp_" + "a1" * 18, "a token of a service", id="service-token"),
        pytest.param(
            "a.toml",
            "url = 'https://ada:hunter22@git.school.edu/x'",
            "a password in an address",
            id="password",
        ),
        pytest.param("app.db", b"", "a database", id="database-by-name"),
        pytest.param("docs/data.bin", b"SQLite format 3\0", "a database", id="database-by-content"),
        pytest.param("docs/app.sqlite3", b"", "a database", id="database-by-another-name"),
        pytest.param("docs/.bash_history", "", "the history of a shell", id="shell-history"),
        pytest.param(
            OWN,
            notebook("x", [ANSWER[:50], ANSWER[50:90], ANSWER[90:]]),
            "an answer",
            id="answer-in-pieces-of-an-output",
        ),
        pytest.param("docs/all.7z", b"7z\xbc\xaf\x27\x1c", "an archive", id="7z"),
        # what cannot be looked into
        pytest.param("docs/all.zip", b"PK\x03\x04", "an archive", id="zip"),
        pytest.param("docs/all.txt", b"\x1f\x8b\x08", "an archive", id="gzip-under-another-name"),
        pytest.param(OWN, "{not json", "no notebook", id="a-broken-notebook"),
        # paths of a computer
        pytest.param(OWN, notebook("x", "/home/ada/kit/x.py"), "somebody's computer", id="home-in-an-output"),
        pytest.param(OWN, cell_metadata(path="/Users/ada/kit"), "somebody's computer", id="home-in-metadata"),
        pytest.param("a.md", r"C:\Users\Ada Lovelace\kit", "somebody's computer", id="home-on-windows"),
        pytest.param(
            OWN, notebook("x", r"C:\Users\Ada\kit"), "somebody's computer", id="home-on-windows-in-json"
        ),
        pytest.param("a.md", f"see {ROOT}/x", "somebody's computer", id="this-clone"),
        # what tools leave behind
        *(
            pytest.param(path, "", "a cache", id=f"cache-{number}")
            for number, path in enumerate(
                [
                    "a/__pycache__/x.py",
                    "x.pyc",
                    "notebooks/.ipynb_checkpoints/x.ipynb.txt",
                    ".pytest_cache/README",
                ]
            )
        ),
        *(
            pytest.param(path, "", "an editor's", id=f"editor-{number}")
            for number, path in enumerate(
                ["notes~", "a/.x.py.swp", ".vscode/settings.json", ".idea/x.xml", "a.orig"]
            )
        ),
        *(
            pytest.param(path, "", "a desktop's", id=f"desktop-{number}")
            for number, path in enumerate([".DS_Store", "docs/Thumbs.db", "__MACOSX/x"])
        ),
    ],
)
def test_a_planted_leak_is_found(path: str, content: Any, what: str) -> None:
    assert any(what in one for one in found(path, content)), found(path, content)


@pytest.mark.parametrize("asked", [one for one in select(None) if one.id != "8.5"], ids=lambda one: one.id)
def test_the_packages_answer_is_found_in_an_output_whichever_exercise(asked: Any) -> None:
    """8.5's is one short line of the question itself: without a name it is nobody's."""
    shown = "\n".join(derive.solution_block(asked))
    assert found(OWN, notebook("x", shown)) == [f"an answer: the package's own to {asked.id}"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("exercises/lesson_01_forms.py", "\n".join(derive.stub_block(ASKED))),
        ("exercises/lesson_01_forms.py", "\n".join(derive.stub_block(select("1.3")[0]))),
        ("exercises/helper.py", "def own(x):\n    return x\n"),
        ("worksheets/notes.md", "# Week 1\n\nRead /home/ on https://lab.test/home/ada/ and check 1.1.\n"),
        (OWN, notebook('check("1.1")', "○ 1.1 One address, one spelling — not attempted yet")),
        (OWN, notebook("def canonical_email(text):\n    ...")),
        ("docs/setup.md", "SESSION_SECRET=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"),
        ("docs/urls.md", "https://lab.test:pass@evil.test/ and https://ada@lab.test/\n"),
        ("docs/picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    ],
)
def test_what_is_for_learners_is_no_leak(path: str, content: Any) -> None:
    assert found(path, content) == []


def test_an_answer_in_the_open_book_is_no_leak_and_a_secret_there_is_one() -> None:
    assert found("authlab/forms.py", ANSWER, "authlab/") == []
    assert found("authlab/x.py", f"SESSION_SECRET={SECRET}", "authlab/") == ["a secret of the app"]
    assert found("notebooks/lesson_01_forms.ipynb", notebook(ANSWER), "notebooks/lesson_01_forms.ipynb") == []
    assert found("authlab_notes/x.py", ANSWER, "authlab/") != []


def test_a_leak_names_the_file_and_never_the_secret() -> None:
    leak = leaks.found([("docs/a.md", f"SESSION_SECRET={SECRET}".encode())])[0]
    assert leak == leaks.Leak("docs/a.md", "a secret of the app")
    assert SECRET not in str(leak)


def test_litter_is_known_by_its_name() -> None:
    assert leaks.is_litter("a/.ipynb_checkpoints/x.ipynb") == "a cache"
    assert leaks.is_litter("docs/handout.md") == ""


def test_the_home_folder_of_whoever_makes_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/srv/people/grace"))
    assert found("a.md", "saved in /srv/people/grace/kit") == ["a path of somebody's computer"]
