"""Where a board is: what a learner's kit and the server both know of hosts. Standard library only."""

import ipaddress

USUAL_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches `host`."""
    if _is_localhost(host):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def address_of(host: str) -> str:
    """Return the address of a host that people type: `localhost` and all under it are 127.0.0.1, which
    browsers know and not every system does."""
    return "127.0.0.1" if _is_localhost(host) else host


def url_of(host: str, port: int | None, *, tls: bool) -> str:
    """Return where a board is, as it is typed into a browser; None is the usual port."""
    scheme = "https" if tls else "http"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if port in (None, USUAL_PORTS[scheme]) else f":{port}")


def _is_localhost(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")
