"""Runs a command where the system has no network but a loopback interface: `python alone.py COMMAND ...`.

On Linux, where this user may have a network namespace of their own. With `--possible` it says by its status
whether it can, and runs nothing.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run as a file, from anywhere

from authlab.course.isolation import own_user

_NEWNET = 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1


def leave_the_network() -> bool:
    """Go on in a namespace of this process's own, with a loopback that is up; False where it may not be."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Root may at once; anybody else as the only user of a namespace.
    if libc.unshare(_NEWNET) != 0 and not (own_user(libc) and libc.unshare(_NEWNET) == 0):
        return False
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            asked = fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack("16sH14x", b"lo", 0))
            (flags,) = struct.unpack_from("H", asked, 16)
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))
    except OSError:
        return False
    return True


if __name__ == "__main__":
    if not leave_the_network():
        sys.exit("alone.py: this system gives this user no network namespace")
    if sys.argv[1] != "--possible":
        os.execvp(sys.argv[1], sys.argv[1:])
