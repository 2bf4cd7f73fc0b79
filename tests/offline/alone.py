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

_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1


def leave_the_network() -> bool:
    """Go on in a namespace of this process's own, with a loopback that is up; False where it may not be."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEWNET) != 0:
        if libc.unshare(_NEWUSER | _NEWNET) != 0:
            return False
        try:
            for name, text in (
                ("setgroups", "deny"),
                ("uid_map", f"{user} {user} 1"),
                ("gid_map", f"{group} {group} 1"),
            ):
                with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                    file.write(text)
        except OSError:
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
