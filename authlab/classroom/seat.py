"""A learner's seat on a hub: a home with a kit and secrets of its own, then the server.

`python -m authlab.classroom.seat` runs as the learner, with the kit that is handed out as its working folder,
and becomes `jupyterhub-singleuser`. The hub of one machine and the image for Kubernetes start it alike.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from authlab.cli.secret import env_lines
from authlab.course.places import ROOT

DESK = "authlab"  # the learner's kit, in their home
PROMPT = "PS1='$USER:\\w\\$ '\n"  # bash would look for the account, and say "I have no name!"
SERVER = Path(sys.executable).with_name("jupyterhub-singleuser")


def main(arguments: Sequence[str]) -> None:
    """Prepare the desk, then become the server; with `--prepare` alone, no server is started.

    That is for an image, which gets no keys: whoever pulls it would have them, and everybody the same ones.
    """
    os.umask(0o077)  # neighbours may share the machine
    for_an_image = list(arguments) == ["--prepare"]
    desk = prepare(Path.home(), keys=not for_an_image)
    if for_an_image:
        return
    os.chdir(desk)
    os.environ["JUPYTERHUB_ROOT_DIR"] = str(desk)
    os.execv(SERVER, [str(SERVER), *arguments])


def prepare(home: Path, kit: Path = ROOT, *, keys: bool = True) -> Path:
    """Return the learner's own kit in `home`, copied there if need be; one that is there is left as it is.

    It appears whole or not at all. With `keys` its `.env` has some of its own: a neighbour's session is worth
    nothing in the app that this learner serves.
    """
    desk = home / DESK
    if not (home / ".bashrc").exists():
        (home / ".bashrc").write_text(PROMPT, encoding="utf-8")
    if not desk.exists():
        with tempfile.TemporaryDirectory(dir=home, prefix=f".{DESK}-") as folder:
            Path(shutil.copytree(kit, Path(folder, DESK))).rename(desk)
    if keys and not (desk / ".env").exists():
        new = desk / ".env.new"
        new.write_text(env_lines(), encoding="utf-8")
        new.replace(desk / ".env")
    return desk


if __name__ == "__main__":
    main(sys.argv[1:])
