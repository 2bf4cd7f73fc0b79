"""What the documents show: the commands in them, and the things that they name."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from authlab.cli import COMMANDS
from authlab.course.places import NOTEBOOKS, ROOT

OURS = "python3 -m authlab"
PROGRAMS = ("python3", "py", "pip", "uv", "git", "sudo", "docker", "helm", "kubectl", "npm", "npx", "openssl")
PROGRAMS += ("mkdir", "find", "tar", "cp", "rm", "cd", "curl", "apt")
# Fenced blocks of these are files, not commands: other tests write them where they belong, or read them.
FILES = ("toml", "yaml", "json", "text")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as a page shows it, without its comment."""

    page: str
    line: str


def pages() -> dict[str, str]:
    """Return the text of every document by its path; of a notebook, its prose."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    found += sorted((ROOT / "docs").glob("*.md"))
    found += [ROOT / "authlab/classroom/HANDOUT.md", ROOT / "authlab/classroom/hub_folder/README.md"]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in found}
    for path in sorted(NOTEBOOKS.glob("lesson_[0-4]*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        texts[path.relative_to(ROOT).as_posix()] = "\n\n".join(prose)
    return texts


def commands() -> list[Command]:
    """Return every command of every page, each once for each page, in their order."""
    found = [Command(page, line) for page, text in pages().items() for line in commands_in(text)]
    return list(dict.fromkeys(found))


def commands_in(text: str) -> Iterator[str]:
    """Yield the commands of one page: every line of a block that is no file, inline code that can be typed.

    That is what begins with a program and has two words more: `git merge` is the name of a thing.
    """
    prose, blocks = _parted(text)
    for line in blocks:
        if command := without_comment(line):
            yield command
    for code in inline_in(prose):
        first, *rest = code.split() or [""]
        if first in PROGRAMS and len(rest) >= 2 and not code.endswith("…"):
            yield without_comment(re.sub(r"^py -m", "python3 -m", code))  # as it is spelt on Windows


def inline_in(text: str) -> list[str]:
    """Return all inline code of a page; it may go over the end of a line."""
    prose, _ = _parted(text)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]


def _parted(text: str) -> tuple[str, list[str]]:
    """Return a page's prose, and the lines of its blocks of commands: indented, or fenced and no file."""
    prose, blocks, fence, before = [], [], None, ""
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fence = None if fence is not None else line.strip().removeprefix("```")
        elif fence is not None:
            if fence not in FILES and fence != "python":
                blocks.append(line)
        elif line.startswith("    ") and (not before.strip() or before.startswith("    ")):
            blocks.append(line)
        else:
            prose.append(line)
        before = line
    return "\n".join(prose), blocks


def without_comment(line: str) -> str:
    """Return a line as a shell reads it, with single spaces."""
    code, _, _ = line.partition(" # ")
    return " ".join(code.split())


def ours(command: str) -> list[str] | None:
    """Return the arguments of a command of the kit's, without `>> FILE`; None for another program's."""
    if command != OURS and not command.startswith(OURS + " "):
        return None
    return shlex.split(command.removeprefix(OURS).partition(" >> ")[0])


def is_short(code: str) -> bool:
    """Return whether inline code is a command of the kit's without Python: `class grade DIR`."""
    first, *rest = code.removeprefix("authlab ").split() or [""]
    return bool(rest) and first in {command.name for command in COMMANDS}
