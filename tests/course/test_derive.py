"""Stubs and answers come from the package's own code, and whoever answers in a stub keeps what they wrote."""

import ast
from pathlib import Path

import pytest

from authlab.course import answers, derive
from authlab.course.curriculum import Exercise, exercises, lessons

ALL = pytest.mark.parametrize("asked", exercises(), ids=lambda asked: asked.id)


def found(text: str, asked: Exercise) -> ast.stmt:
    node = answers.definition(ast.parse(text), asked.name)
    assert node is not None
    return node


def text_of(asked: Exercise, make: object) -> str:
    lesson = next(lesson for lesson in lessons() if lesson.stem == asked.lesson)
    return str(make(lesson))  # type: ignore[operator]


def signature(node: ast.stmt) -> list[str]:
    """Return the signatures in a definition: its own, or those of a class's public methods."""
    functions = [node] if isinstance(node, ast.FunctionDef) else node.body  # type: ignore[attr-defined]
    return [
        f"{f.name}({ast.unparse(f.args)}) -> {ast.unparse(f.returns) if f.returns else None}"
        for f in functions
        if isinstance(f, ast.FunctionDef) and (not f.name.startswith("_") or f.name == "__init__")
    ]


@ALL
def test_stub_answer_and_part_have_one_signature(asked: Exercise) -> None:
    part = derive._Module(asked.module).definition(asked.name)
    assert signature(found(text_of(asked, derive.stub_file), asked)) == signature(part)
    assert signature(found(text_of(asked, derive.solution_file), asked)) == signature(part)


@ALL
def test_the_question_is_the_parts_docstring(asked: Exercise) -> None:
    part = derive._Module(asked.module).definition(asked.name)
    stub = found(text_of(asked, derive.stub_file), asked)
    assert ast.get_docstring(stub) == ast.get_docstring(part)  # type: ignore[arg-type]


@ALL
def test_a_stub_does_not_give_the_answer_away(asked: Exercise) -> None:
    part = derive._Module(asked.module).definition(asked.name)
    stub = found(text_of(asked, derive.stub_file), asked)
    assert not answers.same_code(stub, part)
    if asked.kind != "fix":
        assert f'raise NotImplementedError("{asked.id} is not written yet")' in ast.unparse(stub).replace(
            "'", '"'
        )


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)
def test_stubs_and_solutions_can_be_imported(lesson: object) -> None:
    for text in (derive.stub_file(lesson), derive.solution_file(lesson)):  # type: ignore[arg-type]
        exec(compile(text, "derived", "exec"), {"__name__": "derived"})


def test_a_first_line_says_where_a_file_comes_from() -> None:
    first = derive.stub_file(lessons()[0]).splitlines()[0]
    sources, command = first.split(" by: ")
    assert sources == "# Derived from authlab/course/kata/lesson_00_start_here.py, authlab/responses.py"
    assert command.startswith("authlab dev build [")


class TestAnAnsweredFile:
    """`dev build`, `test` and `dev verify` leave a learner's work alone, and know it from drift."""

    @pytest.fixture
    def file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(derive, "EXERCISES", tmp_path)
        derive.write_stubs(tmp_path)
        return tmp_path / "lesson_01_forms.py"

    def solve(self, file: Path) -> str:
        text = file.read_text(encoding="utf-8").replace(
            'raise NotImplementedError("1.1 is not written yet")', "return raw"
        )
        file.write_text(text, encoding="utf-8")
        return text

    def test_a_fresh_stub_is_not_answered(self, file: Path) -> None:
        assert not derive.is_answered(file)
        assert derive.drift() == []

    def test_an_answer_is_kept_by_build_and_is_no_drift(self, file: Path) -> None:
        text = self.solve(file)
        assert derive.drift() == []
        assert derive.build() == ([], [file])
        assert file.read_text(encoding="utf-8") == text

    @pytest.mark.parametrize("work", ["def canonical_email(raw:\n", "\ndef my_helper():\n    pass\n", ""])
    def test_half_done_work_is_work(self, file: Path, work: str) -> None:
        file.write_text(work or "# everything deleted\n", encoding="utf-8")
        assert derive.build() == ([], [file])

    def test_a_stub_that_was_edited_without_an_answer_is_drift(self, file: Path) -> None:
        file.write_text(
            file.read_text(encoding="utf-8").replace("Spaces around", "Blanks around"), encoding="utf-8"
        )
        assert derive.drift() == [f"{file}: differs from the package"]
        assert derive.build() == ([file], [])
        assert derive.drift() == []

    def test_answers_to_an_older_question_are_told(self, file: Path) -> None:
        text = self.solve(file)
        mark = text.split("[", 1)[1][:8]
        file.write_text(text.replace(mark, "0" * 8, 1), encoding="utf-8")
        assert derive.drift() == [f"{file}: has answers to older questions"]
        assert derive.build() == ([], [file])

    def test_whoever_deleted_the_first_line_is_told_nothing(self, file: Path) -> None:
        file.write_text("def canonical_email(raw:\n", encoding="utf-8")
        assert derive.drift() == []

    def test_a_missing_file_is_made_again(self, file: Path) -> None:
        file.unlink()
        assert derive.drift() == [f"{file}: missing"]
        assert derive.build() == ([file], [])


def test_a_solution_that_was_edited_is_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exercises = tmp_path / "exercises"
    exercises.mkdir()
    monkeypatch.setattr(derive, "SOLUTIONS", tmp_path)
    monkeypatch.setattr(derive, "EXERCISES", exercises)
    derive.write_stubs(exercises)
    for lesson in lessons():
        (tmp_path / f"{lesson.stem}.py").write_text(
            derive.solution_file(lesson) + "\n# edited\n", encoding="utf-8"
        )
    assert [line.split(": ")[1] for line in derive.drift()] == ["differs from the package"] * len(lessons())
