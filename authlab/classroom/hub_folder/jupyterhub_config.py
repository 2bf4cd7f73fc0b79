"""JupyterHub for one class on one machine, written by `authlab class hub`. docs/hub.md of the kit says why.

Edit it as you like: a file that was changed is kept.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "kit"))

from authlab.classroom.hub import fault_of  # noqa: E402
from authlab.classroom.hub_server import IS_ROOT, Proxy, RosterAuthenticator, SeatSpawner  # noqa: E402
from authlab.classroom.roster import INSTRUCTOR, read_roster  # noqa: E402

ROSTER = HERE / "class.json"
STATE = HERE / "state"
roster = read_roster(ROSTER)
if fault := fault_of(HERE, roster, is_root=IS_ROOT):
    sys.exit(f"authlab: {fault}")

c = get_config()  # noqa: F821 - JupyterHub hands it over

# Where it listens. The hub itself and the proxy's own door are never open to others.
scheme = "https" if roster.certificate else "http"
c.JupyterHub.bind_url = f"{scheme}://{roster.address}:{roster.port}"
c.JupyterHub.ssl_cert = roster.certificate
c.JupyterHub.ssl_key = roster.key
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{roster.port + 81}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{roster.port + 1}"
c.JupyterHub.proxy_class = Proxy
c.ConfigurableHTTPProxy.command = [str(HERE / "proxy/node_modules/.bin/configurable-http-proxy")]

# What it remembers, for itself alone.
c.JupyterHub.db_url = f"sqlite:///{STATE}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")

# Who may come in. Where there is a single sign-on, take its authenticator in place of this one; the names in
# class.json must then be those that it gives.
c.JupyterHub.authenticator_class = RosterAuthenticator
c.RosterAuthenticator.roster_file = str(ROSTER)
c.RosterAuthenticator.allow_all = True  # of those whom it lets in: the roster is the list
c.RosterAuthenticator.admin_users = {INSTRUCTOR}

# What they get: a server of their own, at home in learners/NAME.
c.JupyterHub.spawner_class = SeatSpawner
c.SeatSpawner.roster_file = str(ROSTER)
c.SeatSpawner.homes = str(HERE / "learners")
c.SeatSpawner.cmd = [sys.executable, "-m", "authlab.classroom.seat"]
c.SeatSpawner.args = ["--KernelManager.transport=ipc"]
c.SeatSpawner.popen_kwargs = {"cwd": str(HERE / "kit")}
c.SeatSpawner.default_url = "/lab/tree/notebooks/lesson_00_start_here.ipynb"
c.SeatSpawner.start_timeout = 300  # thirty at once, on few cores
c.SeatSpawner.http_timeout = 300
c.SeatSpawner.env_keep = ["LANG", "LC_ALL"]
c.SeatSpawner.environment = {
    "PATH": f"{Path(sys.executable).parent}:{os.defpath}",  # `python3 -m authlab` in a terminal is this one
    "JUPYTER_CONFIG_PATH": str(HERE / "jupyter"),
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYTHONNOUSERSITE": "1",
}

# A class begins together.
c.JupyterHub.concurrent_spawn_limit = 100
c.JupyterHub.cleanup_servers = True  # ended with the hub: nothing stays behind
c.JupyterHub.shutdown_on_logout = False

# Neighbours have one origin. If they must not trust each other's pages: a wildcard name and certificate, and
# c.JupyterHub.subdomain_host = "https://class.example.org"
