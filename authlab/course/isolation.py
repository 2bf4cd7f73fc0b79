"""Taking from a process what an answer has no use for: the network, and writing outside its own folder.

For judges that grade what strangers have written, on Linux: user, network and mount namespaces, which need no
rights where the system allows them to everybody. Where it does not, less is taken away, and whoever asked is
told. It is a fence, not a container: processes of the same user can still be ended, and files read.
"""

import ctypes
import os
import sys
from contextlib import suppress

MOST_PROCESSES = 100  # in the judge's namespace, threads included; the system exempts root from it

_NEWNS, _NEWUSER, _NEWNET = 0x00020000, 0x10000000, 0x40000000
_BIND, _REC, _PRIVATE = 0x1000, 0x4000, 0x40000
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _RDONLY = 442, -100, 0x8000, 1
_CAPBSET_DROP, _NO_NEW_PRIVS, _CAP_VERSION, _CAPS = 24, 38, 0x20080522, 64

_taken: set[str] = set()


def isolate(writable: str) -> list[str]:
    """Take the network and all writing outside the folder `writable` from this process and its children.

    It must have one thread. Returns which of "network", "files" and "processes" (their number) were taken.
    """
    _taken.clear()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if own_user(libc):
            _taken.add("processes")
        if libc.unshare(_NEWNET) == 0:
            _taken.add("network")
        if libc.unshare(_NEWNS) == 0 and _read_only_but(libc, os.fsencode(writable)):
            _taken.add("files")
        if "processes" in _taken:
            _give_up_rights(libc)
    return sorted(_taken)


def limit_processes() -> None:
    """In a child of an isolated process: let it and its like start only so many."""
    if "processes" in _taken:
        import resource

        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))


def own_user(libc: ctypes.CDLL) -> bool:
    """Enter a user namespace as the user that this process is, and no other; False where it may not be."""
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEWUSER) != 0:
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
    return True


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def _read_only_but(libc: ctypes.CDLL, folder: bytes) -> bool:
    """Make every mount read-only but that of `folder`, as this process sees them."""

    def change(path: bytes, flags: int, attributes: _MountAttributes) -> bool:
        size = ctypes.c_size_t(ctypes.sizeof(attributes))
        told = libc.syscall(
            ctypes.c_long(_MOUNT_SETATTR), _AT_FDCWD, path, flags, ctypes.byref(attributes), size
        )
        return bool(told == 0)

    return bool(
        libc.mount(None, b"/", None, ctypes.c_ulong(_REC | _PRIVATE), None) == 0
        and libc.mount(folder, folder, None, ctypes.c_ulong(_BIND), None) == 0
        and change(b"/", _AT_RECURSIVE, _MountAttributes(set=_RDONLY))
        and change(folder, 0, _MountAttributes(clear=_RDONLY))
    )


def _give_up_rights(libc: ctypes.CDLL) -> None:
    """Keep none of the rights over the namespaces: an answer could undo what they take away."""
    for right in range(_CAPS):
        libc.prctl(_CAPBSET_DROP, right, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION, 0)
    libc.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
