"""Notebooks in one canonical form, so that a run today and a run in a year are the same bytes.

nbformat 4.5, cell ids that say what the cell is about, execution counts 1 to n, the least metadata, no
time, no path, no stderr.
"""

import difflib
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat

from authlab.course import derive
from authlab.course.places import LESSONS, NOTEBOOKS, ROOT

MANIFEST = LESSONS / "notebooks.json"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def rerun(path: Path, answers: Path | None = None) -> Any:
    """Return a notebook with the outputs of a fresh run; `answers` is a folder, by default fresh stubs."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    with TemporaryDirectory(prefix="authlab-stubs-") as stubs:
        if answers is None:
            derive.write_stubs(Path(stubs))
        client = NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            record_timing=False,
            allow_errors=True,  # shown as a difference, in the cell where it happened
            resources={"metadata": {"path": str(NOTEBOOKS)}},
        )
        client.execute(env={**os.environ, "AUTHLAB_ANSWERS": str(answers or stubs)})
    return canonical(notebook)


def canonical(notebook: Any) -> Any:
    """Return a notebook in the form in which it is stored."""
    notebook = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken: set[str] = set()
    count = 0
    for cell in notebook.cells:
        cell.id = _slug(cell, taken)
        cell.metadata = _kept_metadata(cell.metadata)
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = [_canonical_output(output, count) for output in _merged(cell.outputs)]
    return notebook


def problems(path: Path) -> list[str]:
    """Return in what a stored notebook is not canonical; nbval passes over a cell without a count."""
    stored = path.read_text(encoding="utf-8")
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    found = []
    if text(canonical(notebook)) != stored:
        found.append(f"{path.name}: not in canonical form")
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            found.append(f"{path.name}: {cell.id} was never run")
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                found.append(f"{path.name}: {cell.id} ends in an error or writes to stderr")
    return found


def differences(path: Path, fresh: Any) -> list[str]:
    """Return what differs between a stored notebook and a fresh run, cell by cell, as lines to read."""
    stored = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    before = {cell.id: list(_readable(cell)) for cell in stored.cells}
    lines: list[str] = []
    for cell in fresh.cells:
        after = list(_readable(cell))
        changed = list(difflib.unified_diff(before.get(cell.id, []), after, "stored", "fresh", "", "", 1, ""))
        if changed:
            lines += [f"  cell {cell.id}", *(f"    {line}" for line in changed[2:])]
    if not lines and text(fresh) != path.read_text(encoding="utf-8"):
        lines.append("  the form only: ids, counts or metadata")
    return lines


def write(path: Path, notebook: Any) -> None:
    """Store a notebook, and note in `notebooks.json` which text of it is the kit's."""
    path.write_text(text(notebook), encoding="utf-8", newline="\n")
    known = {**_the_kits(), path.stem: blob_id(path)}
    MANIFEST.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8", newline="\n")


def is_the_kits(path: Path) -> bool:
    """Return whether a notebook is as the kit stores it; a learner who saves a lesson has their own from
    then on."""
    return _the_kits().get(path.stem) == blob_id(path)


def the_kits(path: Path) -> str | None:
    """Return the kit's own text of a notebook, whatever its owner has saved since; None when it cannot
    be had.

    The manifest names it as git names a file's content, and git keeps every content that was ever committed.
    """
    if is_the_kits(path):
        return path.read_text(encoding="utf-8")
    wanted = _the_kits().get(path.stem, "")
    try:
        done = subprocess.run(
            ["git", "cat-file", "blob", wanted], cwd=ROOT, capture_output=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8")


def blob_id(path: Path) -> str:
    """Return the name git gives to a file's content."""
    return blob_id_of(path.read_bytes())


def blob_id_of(content: bytes) -> str:
    """Return the name git gives to a content; git may have changed its line ends."""
    content = content.replace(b"\r\n", b"\n")
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def _the_kits() -> dict[str, str]:
    return dict(json.loads(MANIFEST.read_text(encoding="utf-8"))) if MANIFEST.exists() else {}


def text(notebook: Any) -> str:
    """Return a notebook as it stands in its file."""
    written: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return written.rstrip("\n") + "\n"


def _readable(cell: Any) -> Iterator[str]:
    """Return a cell's outputs as lines: the plain text of each, and the HTML where it alone differs."""
    for output in cell.get("outputs", ()):
        yield from str(output.get("text", "")).splitlines()
        for kind in ("text/plain", "text/html"):
            content = output.get("data", {}).get(kind, "")
            yield from (re.sub(r">\s*<", ">\n<", content) if kind == "text/html" else content).splitlines()
        if output.output_type == "error":
            yield f"{output.ename}: {output.evalue}"


def _slug(cell: Any, taken: set[str]) -> str:
    """Return the cell's own id if it is a slug, else one made of its first words."""
    known = re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cell.get("id", ""))
    looks_random = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", cell.get("id", ""))
    words = re.findall(r"[a-z0-9]+", cell.source.lower())[:5]
    slug = cell.id if known and not looks_random else "-".join(words)[:48].strip("-") or "cell"
    slug = slug if slug[0].isalpha() else f"cell-{slug}"
    unique, number = slug, 2
    while unique in taken:
        unique, number = f"{slug}-{number}", number + 1
    taken.add(unique)
    return unique


def _kept_metadata(metadata: Any) -> dict[str, Any]:
    """Keep one thing: that a prediction's output is folded away."""
    hidden = metadata.get("jupyter", {}).get("outputs_hidden")
    return {"collapsed": True, "jupyter": {"outputs_hidden": True}} if hidden else {}


def _merged(outputs: Iterable[Any]) -> list[Any]:
    """Return the outputs with pieces of one stream put together: where they are cut is chance."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last is not None and "name" in output and output.name == last.get("name"):
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _canonical_output(output: Any, count: int) -> Any:
    if "metadata" in output:
        output.metadata = {}
    if output.output_type == "execute_result":
        output.execution_count = count
    return output
