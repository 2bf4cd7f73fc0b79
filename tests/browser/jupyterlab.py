"""JupyterLab as `authlab lab` starts it, in a copy of the clone, and the words in which tests use it.

Every wait is for a condition, and no click is tried twice.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import nbformat
import psutil  # type: ignore[import-untyped]
import pytest
import requests

from authlab.course import notebooks
from authlab.course.curriculum import lessons
from authlab.course.notebooks import the_kits
from authlab.course.places import ROOT
from tests.copied_kit import write_stubs

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PATIENCE_SECONDS = 120  # for one step on a very busy machine; an idle one plays a whole round in 8

# A kernel that is idle but not connected loses the first cells of Run All.
READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    return Boolean(panel?.context.isReady && panel.sessionContext.isReady
        && kernel?.status === 'idle' && kernel.connectionStatus === 'connected');
}"""
# From now on, note which cells end a run: stored outputs look as if theirs had.
WATCH_RUNS = """() => {
    const ended = window.endedRuns = new Set();
    for (const {model} of jupyterapp.shell.currentWidget.content.widgets) {
        if (model.type !== 'code') continue;
        const note = (_, change) => {
            if (window.endedRuns !== ended) model.stateChanged.disconnect(note);
            else if (change.name === 'executionCount' && change.newValue !== null) ended.add(model.id);
        };
        model.stateChanged.connect(note);
    }
}"""
ALL_HAVE_RUN = """() => {
    const panel = jupyterapp.shell.currentWidget;
    const cells = panel.content.widgets.map(cell => cell.model).filter(cell => cell.type === 'code');
    const ended = cell => window.endedRuns.has(cell.id) && cell.trusted && cell.executionState === 'idle';
    return cells.every(ended) && panel.sessionContext.session?.kernel?.status === 'idle';
}"""
AS_SHOWN = "() => JSON.stringify(jupyterapp.shell.currentWidget.content.model.toJSON())"
# Cells out of sight are not in the page.
SCROLL_TO = """async id => {
    const notebook = jupyterapp.shell.currentWidget.content;
    const index = notebook.widgets.findIndex(cell => cell.model.id === id);
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, 'center');
    return index;
}"""
IS_OPEN = "path => jupyterapp.shell.currentWidget?.context?.path === path"
IS_IN_SIGHT = """id => {
    const cell = jupyterapp.shell.currentWidget?.content?.widgets?.find(cell => cell.model.id === id);
    const top = cell?.isAttached ? cell.node.getBoundingClientRect().top : -1;
    return 0 < top && top < window.innerHeight;
}"""


class Lab:
    """A running `authlab lab`. Its `clone` has fresh stubs and the kit's own notebooks, so that what the
    owner of this one has solved is neither judged nor changed."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "a clone"
        shutil.copytree(ROOT, self.clone, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        self._kept = folder / "kept"
        for name in ("exercises", "notebooks"):
            (self._kept / name).mkdir(parents=True)
        write_stubs(self._kept / "exercises")
        for lesson in lessons():  # the kit's own, also where the owner of this clone has saved theirs
            stored = the_kits(lesson.notebook)
            if stored is None:
                name = lesson.notebook.name
                pytest.skip(f"{name} was saved by its owner, and there is no git to get the kit's from")
            (self._kept / "notebooks" / lesson.notebook.name).write_text(stored, encoding="utf-8")
        self._put_back()
        self.port = _free_port()
        home = folder / "jupyter"
        home.mkdir()
        (home / "jupyter_lab_config.json").write_text('{"LabApp": {"expose_app_in_browser": true}}', "utf-8")
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(home),  # not the owner's settings and trusted notebooks
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "IPYTHONDIR": str(home / "ipython"),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "authlab", "lab", "--no-browser", "--port", str(self.port)],
            cwd=self.clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self.address = ""
        try:
            self.address = _until(self._process, "JupyterLab is open at ").split()[-1]
        except BaseException:
            _end(self._process, "")
            raise

    def start_over(self) -> None:
        """End all kernels, and have answers, notebooks and progress as in a fresh clone."""
        for session in self._api("GET", "sessions"):
            self._api("DELETE", f"sessions/{session['id']}")
        self._put_back()

    def page_of(self, lesson: str) -> str:
        """Return the address of a lesson, with the token, and no tab of before."""
        return self.address.replace("lesson_00_start_here", lesson) + "&reset"

    def end(self) -> None:
        """Shut it down as its menu does; nothing may be left."""
        left = _end(self._process, self.address)
        assert left == [], "JupyterLab was shut down, and these went on"
        assert self._process.returncode == 0
        assert is_free(self.port), "the port is still in use"

    def _put_back(self) -> None:
        for name in ("exercises", "notebooks"):
            shutil.copytree(self._kept / name, self.clone / name, dirs_exist_ok=True)
        (self.clone / ".authlab" / "progress.json").unlink(missing_ok=True)

    def _api(self, method: str, path: str) -> Any:
        return _ask(method, self.address, path)


def outputs_of(notebook: str) -> dict[str, str]:
    """Return the outputs of every cell by its id, in the form in which they are stored."""
    read = nbformat.reads(notebook, as_version=4)  # type: ignore[no-untyped-call]
    canonical = notebooks.canonical(read)
    return {
        cell.id: json.dumps(cell.outputs, sort_keys=True)
        for cell in canonical.cells
        if cell.cell_type == "code"
    }


def cell_of(page: "Page", cell_id: str) -> "Locator":
    """Bring a cell into sight and return it."""
    index = page.evaluate(SCROLL_TO, cell_id)
    assert index >= 0, f"no cell {cell_id}"
    return page.locator(f'.jp-NotebookPanel .jp-Cell[data-windowed-list-index="{index}"]')


def says(part: "Locator", words: str) -> None:
    """Wait until `words` stand in a part of the page."""
    from playwright.sync_api import expect

    expect(part).to_contain_text(words, timeout=PATIENCE_SECONDS * 1000)


def has_rows(part: "Locator", rows: list[str]) -> None:
    """Wait until the table in a part of the page has these rows, the head included."""
    from playwright.sync_api import expect

    expect(part.get_by_role("row")).to_have_text(rows, timeout=PATIENCE_SECONDS * 1000)


def run_cell(page: "Page", cell_id: str) -> "Locator":
    """Run one cell as a learner does; return its output."""
    cell = cell_of(page, cell_id)
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    return cell.locator(".jp-OutputArea-output")


def choose(page: "Page", menu: str, entry: str) -> None:
    """Choose an entry of the menu bar."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


def add_cell(page: "Page", code: str) -> "Locator":
    """Type code into a new cell below the active one and run it; return that cell."""
    page.locator(".jp-NotebookPanel-toolbar").get_by_role("button", name="Insert a cell below").click()
    added = cell_of(page, page.evaluate("jupyterapp.shell.currentWidget.content.activeCell.model.id"))
    added.locator(".cm-content").click()
    page.keyboard.insert_text(code)
    page.keyboard.press("ControlOrMeta+Enter")
    return added


def write_file(page: "Page", text: str) -> None:
    """Put `text` in place of all that the open file holds, by the keyboard."""
    page.locator(".jp-FileEditor .cm-content").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)


def is_free(port: int | None) -> bool:
    """Return whether nothing listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port or 0)) != 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _until(process: "subprocess.Popen[str]", beginning: str) -> str:
    """Return the first line that begins so; fail with all it said when the process ends without."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        if line.startswith(beginning):
            return line
        said.append(line)
    pytest.fail(f"authlab lab ended with status {process.wait()}:\n{''.join(said)}", pytrace=False)


def _end(process: "subprocess.Popen[str]", address: str) -> list[str]:
    """Shut JupyterLab down as its menu does; return what had to be killed of it and its kernels."""
    family = _family(process.pid)
    if address:
        _shut_down(address)
    else:
        process.terminate()
    _, left = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
    left = [one for parent in left for one in _family(parent.pid)]
    names = [" ".join(one.cmdline()) for one in left]
    for one in left:
        one.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
    return names


def _family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it started, as far as they still run."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _shut_down(address: str) -> None:
    _ask("POST", address, "shutdown")


def _ask(method: str, address: str, path: str) -> Any:
    """Ask the Jupyter server."""
    parts = urlsplit(address)
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the owner's has no business on the loopback address
        token = parse_qs(parts.query)["token"][0]
        answer = session.request(
            method,
            f"{parts.scheme}://{parts.netloc}/api/{path}",
            headers={"Authorization": f"token {token}"},
            timeout=PATIENCE_SECONDS,
        )
    answer.raise_for_status()
    return answer.json() if answer.content else None
