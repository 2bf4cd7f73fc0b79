"""A small clone with fake installers, so that the set-up's own logic is what is tested."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUP_FILES = (
    "authlab/__init__.py",
    "authlab/__main__.py",
    "authlab/bootstrap.py",
    "authlab/installer.py",
    "authlab/locking.py",
    "authlab/doctor.py",
    "authlab/cli/__init__.py",
    "authlab/cli/dev.py",
    "authlab/cli/doctor.py",
    "tests/browser/package.json",
    "tests/browser/package-lock.json",
)

# No index has this package: whatever runs these tests, it lacks it, and a set-up is due.
PYPROJECT = """\
[project]
dependencies = ["authlab-fake>=1.0,<2"]
[dependency-groups]
dev = ["authlab-fake-tool>=1.0,<2"]
"""

# A command that is not light: it says which Python runs it.
COMMAND = """\
import sys
PASSES_ARGUMENTS_ON = True
def add_arguments(parser): pass
def run(args):
    print("ran in", sys.prefix, args.passed_on)
    return 7
"""

# Stands in for uv: makes a real environment, and writes metadata as an installation would.
UV = """\
import os, pathlib, subprocess, sys, time
with open(os.environ["FAKE_UV_LOG"], "a") as log:
    print("uv", *sys.argv[1:], file=log)
if sys.argv[1] == "venv":
    sys.exit(subprocess.call([sys.executable, "-m", "venv", "--without-pip", sys.argv[-1]]))
words = os.environ.get("FAKE_UV_SAYS")
if words:
    sys.exit(words)
venv = pathlib.Path(sys.argv[sys.argv.index("--python") + 1]).parent.parent
if os.environ.get("FAKE_UV_HANGS"):
    (venv / "half.new").write_text(str(os.getpid()))
    (venv / "half.new").rename(venv / "half")
    time.sleep(60)
site = next(venv.glob("lib/python*/site-packages"))
names = ["authlab_fake"]
if any("dev" in word for word in sys.argv):
    names.append("authlab_fake_tool")
if "--editable" in sys.argv:
    names = ["authlab"]
    (site / "authlab.pth").write_text(sys.argv[-1], "utf-8")
for name in names:
    info = site / (name + "-1.2.dist-info")
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: " + name + "\\nVersion: 1.2\\n")
"""

# Stands in for npm: leaves half of an installation behind when it is to fail.
NPM = """\
import os, pathlib, sys
with open(os.environ["FAKE_UV_LOG"], "a") as log:
    print("npm", *sys.argv[1:], file=log)
folder = pathlib.Path(sys.argv[sys.argv.index("--prefix") + 1])
(folder / "node_modules/axe-core").mkdir(parents=True)
words = os.environ.get("FAKE_NPM_SAYS")
if words:
    sys.exit(words)
(folder / "node_modules/axe-core/axe.min.js").touch()
"""


class FakeClone:
    """A clone of the set-up chain alone, in a folder with spaces and letters beyond ASCII."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "ein Ordner mit Ümlauten"
        self.venv = self.root / ".venv"
        self.stamp = self.venv / "authlab-stamp.json"
        for name in SETUP_FILES:
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
        (self.root / "authlab/cli/serve.py").write_text(COMMAND)
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        (self.root / "requirements.lock").write_text("authlab-fake==1.2\n")
        (self.root / "requirements-dev.lock").write_text("authlab-fake==1.2\n")
        self.log = folder / "uv.log"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self._script("uv", UV)
        self._script("npm", NPM)

    def environment(self, **extra: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AUTHLAB", "PYTHON"))}
        path = f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin"
        fake = {"PATH": path, "FAKE_UV_LOG": str(self.log), "PYTHONDONTWRITEBYTECODE": "1"}
        return {**kept, **fake, **extra}

    def start(self, *arguments: str, **extra: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "authlab", *arguments],
            cwd=self.root,
            env=self.environment(**extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments, **extra)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def installations(self) -> int:
        """How often packages were installed; the clone itself, which goes last, counts."""
        return self.log.read_text().count("--editable") if self.log.exists() else 0

    def _script(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f"#!{sys.executable}\n{body}")
        path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[FakeClone]:
    if sys.platform == "win32":
        pytest.skip("the fake installer is a POSIX script")
    # A shell starts background jobs with Ctrl-C ignored, and children inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield FakeClone(tmp_path)
    signal.signal(signal.SIGINT, before)
