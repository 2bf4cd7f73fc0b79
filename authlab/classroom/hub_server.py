"""What JupyterHub is told about a class: who may log in, and as whom a learner's server runs.

The hub runs as root and gives each learner a Unix user id that nobody has: files, processes and memory of
neighbours are apart by the system's own rules, and no account is made that could log in elsewhere. Without
root there is a rehearsal: everything as the one who starts it, on this machine only.
"""

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Unicode

from authlab.classroom import seat_left
from authlab.classroom.roster import Seat, read_roster

IS_ROOT = os.geteuid() == 0
FIRST_SERVE_PORT = 10_000  # of `authlab serve`, one a learner; servers listen from 32768 on
MOST_PROCESSES = 512  # of one learner, threads included: a fork bomb fills its own seat
MOST_BYTES = 4 * 1024**3  # of one process
MOST_FILE_BYTES = 1024**3


class RosterAuthenticator(Authenticator):
    """Lets in whoever has a seat and its password; the roster is read each time, for newcomers."""

    roster_file = Unicode(config=True, help="the class.json of the hub's folder")

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Return the name, or None."""
        name: str = self.normalize_username(data["username"].strip())
        return name if read_roster(Path(self.roster_file)).admits(name, data["password"]) else None


class Proxy(ConfigurableHTTPProxy):
    """JupyterHub's own proxy, with one watch over it and not two.

    JupyterHub starts another proxy, with a watch of its own, when one has ended, and lets the first watch go
    on: that one would then start a third while the hub ends, and nobody would end it.
    """

    async def check_running(self) -> None:
        """Start another one if this has ended."""
        if self.proxy_process.poll() is None:
            return
        watch = self._check_running_callback
        watch.stop()
        try:
            await super().check_running()
        except Exception:
            watch.start()  # to try again
            raise


class SeatSpawner(LocalProcessSpawner):
    """A server as a process with the seat's number as its user id, at home in `homes`.

    Its kernels are reached by files in a folder that is closed to others, not by ports: two servers that
    start kernels in the same second draw the same port now and then, and one of the kernels stays mute; and
    whoever connects to such a port can read along.
    """

    roster_file = Unicode(config=True, help="the class.json of the hub's folder")
    homes = Unicode(config=True, help="the folder with everybody's home")

    @property
    def seat(self) -> Seat:
        """Return this learner's seat; a name without one has no server."""
        return read_roster(Path(self.roster_file)).seats[self.user.name]

    @property
    def home(self) -> Path:
        """Return this learner's home."""
        return Path(self.homes, self.user.name)

    _passing = ""  # the folder for what is gone with the server: kernels' sockets, temporary files

    async def start(self) -> tuple[str, int]:
        """Make the learner's folders, which is all that is done with root's rights, and start the server."""
        if not self.home.exists():
            self.home.mkdir(mode=0o700)
        # A short path, for a socket's may have 107 bytes; and where `seat_left` looks.
        self._passing = tempfile.mkdtemp(prefix="authlab-", dir=seat_left.SHARED[0])
        if IS_ROOT:
            for folder in (self.home, self._passing):
                os.chown(folder, self.seat.number, self.seat.number, follow_symlinks=False)
        address: tuple[str, int] = await super().start()
        return address

    async def stop(self, now: bool = False) -> None:
        """End the server, and then whatever else of the learner's still runs or lies about."""
        number = self.seat.number
        await super().stop(now)
        if IS_ROOT:
            await asyncio.to_thread(_as, number, [sys.executable, "-I", seat_left.__file__, str(number)])
        else:
            _end_all_at_home(self.home)
            shutil.rmtree(self._passing, ignore_errors=True)

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Add what is this learner's: no table of accounts knows their home."""
        places = sorted(seat.number for seat in read_roster(Path(self.roster_file)).seats.values())
        name = self.user.name
        port = FIRST_SERVE_PORT + places.index(self.seat.number)
        own = {"HOME": str(self.home), "USER": name, "LOGNAME": name, "SHELL": "/bin/bash"}
        passing = {"JUPYTER_RUNTIME_DIR": self._passing, "TMPDIR": self._passing}
        return {**env, **own, **passing, "AUTHLAB_PORT": str(port)}

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Return what the new process does before it is the server: limits first, then root is given up."""
        number = self.seat.number

        def give_up_root() -> None:
            if not IS_ROOT:
                return
            for kind, most in LIMITS:
                resource.setrlimit(kind, (most, most))
            os.setgroups([])
            os.setgid(number)
            os.setuid(number)

        return give_up_root


LIMITS = (
    (resource.RLIMIT_NPROC, MOST_PROCESSES),
    (resource.RLIMIT_AS, MOST_BYTES),
    (resource.RLIMIT_FSIZE, MOST_FILE_BYTES),
    (resource.RLIMIT_CORE, 0),
)


def _end_all_at_home(home: Path) -> None:
    """End what was started in a learner's server, where no user id tells whose it is (Linux)."""
    theirs = f"\0HOME={home}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # somebody else's, or gone
            if theirs in b"\0" + (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def _as(number: int, command: list[str]) -> None:
    subprocess.run(
        command, user=number, group=number, extra_groups=[], stderr=subprocess.DEVNULL, check=False
    )
