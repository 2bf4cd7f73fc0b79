"""Temporary folders of a process that may be killed, and then deletes nothing: a notebook's kernel.

Validating a notebook ends so, and so does a machine that runs out of memory. A small shell waits for the end
of the kernel's pipe, whatever brings it about, and deletes what the kit has left in the kernel's one folder.
"""

import atexit
import os
import subprocess
import tempfile

from authlab.course.places import folder_in_memory

ROOM_BYTES = 256 * 1024**2
# A kernel that ends by itself says a word. One that was killed says none: then those who still write there,
# such as a judge, end by their own pipes meanwhile, and may have made the folder anew.
AGAIN = 'for pause in 1 2 4; do sleep $pause; rm -rf -- "$1"; done'
DELETE = f'read -r word; rm -rf -- "$1"; [ -n "$word" ] || {AGAIN}'
_folder: str | None = None


def temporary_folder() -> str | None:
    """Return the folder for this process's temporary files, as `tempfile` takes it: None is the usual one."""
    return _folder


def delete_at_the_end() -> None:
    """Have the temporary files that the kit makes from now on deleted when this process ends, in any way.

    Where there is no POSIX shell, as on Windows, they are deleted by a process that ends by itself only.
    """
    global _folder
    if _folder is not None:
        return
    made = tempfile.mkdtemp(prefix="authlab-kernel-", dir=folder_in_memory(ROOM_BYTES))
    try:
        waiting = subprocess.Popen(
            ["/bin/sh", "-c", DELETE, "authlab", made],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C, and whoever ends the kernel's whole group, is not for it
        )
    except OSError:
        os.rmdir(made)
        return
    _folder = made
    atexit.register(waiting.communicate, b"end\n")
