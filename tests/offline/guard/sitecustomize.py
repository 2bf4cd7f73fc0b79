"""Forbids a Python, and every Python that it starts, to reach beyond the loopback interface.

Python imports this by itself where PYTHONPATH names its folder (not with -I or -E). A hook sees each name
that is looked up, each connection, each datagram and each port that is listened at, in whatever library. What
it forbids is noted in the file of AUTHLAB_REACHED, because a program may well hide that it was refused. What
C code does by itself (ZeroMQ, between a notebook and its kernel) it does not see: `alone.py` fences that in.
"""

import errno
import ipaddress
import os
import sys
from contextlib import suppress

_NOTES = os.environ.get("AUTHLAB_REACHED", "")
_WITH_ADDRESS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"}
_WITH_NAME = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def is_here(host: object) -> bool:
    """Return whether a host is this machine's loopback; a name of another kind would ask a name server."""
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    if host is None or host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    return False


def _forbid(event: str, arguments: tuple[object, ...]) -> None:
    if event in _WITH_ADDRESS:
        address = arguments[1]  # the first is the socket; None is where it is connected to already
        if not isinstance(address, tuple) or is_here(address[0]):  # a path: a socket of this machine
            return
    elif event in _WITH_NAME:
        if is_here(arguments[0]):
            return
        address = arguments[0]
    elif event == "socket.getnameinfo":
        address = arguments[0]
        if isinstance(address, tuple) and is_here(address[0]):
            return
    else:
        return
    with suppress(OSError), open(_NOTES, "a", encoding="utf-8") as notes:
        notes.write(f"{event} {address!r} by {sys.argv[:3]}\n")
    raise OSError(errno.ENETUNREACH, f"{event} {address!r}: nothing beyond this machine is reached")


if _NOTES:
    sys.addaudithook(_forbid)
