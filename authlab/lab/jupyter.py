"""What a kernel can learn of the Jupyter server that started it."""

import json
import os
from pathlib import Path

from authlab.course.places import ROOT


def server_path(file: str) -> str:
    """Return the path of one of the clone's files as the server's file browser knows it.

    JupyterLab's buttons open files by their path below the server's root, which is the clone when it was
    started by `authlab lab`, and any folder around it otherwise. Without a server it is `file` itself.
    """
    root = _server_root()
    path = ROOT / file
    if root is None or not path.is_relative_to(root):
        return file
    return path.relative_to(root).as_posix()


def _server_root() -> Path | None:
    """Return the root folder of the server; its description also holds a token, which is not for showing."""
    from jupyter_core.paths import jupyter_runtime_dir

    parent = os.environ.get("JPY_PARENT_PID", "")
    description = Path(jupyter_runtime_dir(), f"jpserver-{parent}.json")
    try:
        return Path(json.loads(description.read_text(encoding="utf-8"))["root_dir"]).resolve()
    except (OSError, ValueError, KeyError):
        return None
