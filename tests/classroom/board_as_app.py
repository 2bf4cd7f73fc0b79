"""The class board in the words of the app, so that the kit's own attacks can be tried on it as they are.

An attack speaks of /profile, of accounts with an e-mail and a password, and of an admin. Here these are one's
own row, learners with a key, and the instructor. What the board has no word for (telephone numbers, teams) is
asked for all the same, and is a 404.
"""

import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from authlab.classroom.board import db as tables
from authlab.classroom.board.app import Board
from authlab.classroom.board.keys import digest, new_secret
from authlab.classroom.board.settings import board_settings
from authlab.db import UserRow
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock

VAULT = "The Vault 7f3a"
# What is asked for in the app, and what it is here.
PAGES = {
    "/": "/dashboard",
    "/profile": "/dashboard",
    "/admin": "/dashboard",
    "/devices": "/dashboard",
    "/api/me": "/dashboard",
    "/api/session": "/fragments/row",
    "/api/users": "/fragments/room",
    "/fragments/members": "/fragments/row",
    "/fragments/devices": "/fragments/room",
}
ONES = (
    (r"/(?:members/member-|api/users/)(\d+)$", r"/learners/\1"),
    (r"/admin/users/(\d+)/delete$", r"/learners/\1/remove"),
)


class LabBoard(LabApp):
    """A board with Ada, who learns, Grace, who is the instructor, and a third whom only Grace may see."""

    def __init__(self, vault: str = VAULT) -> None:
        self.clock = LabClock()
        self.vault = vault
        self.statements: list[str] = []
        self.crashes: list[str] = []
        self.log: list[str] = []
        self._turn = threading.local()
        folder = tempfile.mkdtemp(prefix="authlab-")
        self._close = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        settings = board_settings(Path(folder, "board.db"), ("lab.test",), clock=self.clock)
        self.settings = replace(settings, log=self.log.append)
        self._app = Board(self.settings, on_crash=lambda crash: self.crashes.append(repr(crash)))
        self.keys: dict[str, str] = {}  # by e-mail: how the attacks call people
        with closing(self.connect()) as db:
            self.code = tables.board(db).code
            for name, email, role in (
                (f"{ADA[0]} {ADA[1]}", ADA[1], "user"),  # her row shows both, as her profile in the app does
                (GRACE[0], GRACE[1], "admin"),
                (vault, "alan@lab.test", "user"),
            ):
                secret = new_secret(self.settings.random_bytes)
                number = tables.insert_member(
                    db, name=name, label=email, digest=digest(secret), role=role, now=self.clock()
                )
                self.keys[email] = f"{number}-{secret}"

    def browser(self, **options: Any) -> Browser:
        """Return a new visitor's browser, which speaks of the app."""
        return Interpreting(self, **options)

    def users(self) -> list[UserRow]:
        """Return the table of users, with the names that the attacks know."""
        return [replace(user, name=user.name.removesuffix(f" {ADA[1]}")) for user in super().users()]

    def plain_browser(self, **options: Any) -> Browser:
        """Return a new visitor's browser, for the board's own addresses."""
        return Browser(self, self.clock, **options)


class Interpreting(Browser):
    """A browser whose requests to the app are put to the board."""

    def __init__(self, board: LabBoard, **options: Any) -> None:
        super().__init__(board, board.clock, **options)
        self._board = board

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], **options: Any
    ) -> requests.Response:
        if (method, path) == ("POST", "/signup"):
            return self._join(headers, dict(options["data"] or {}))
        if (method, path) == ("POST", "/login"):
            options["data"] = self._key_for(options.get("data") or {})
        if method == "GET":
            path = PAGES.get(path, path)
        for pattern, there in ONES:
            path = re.sub(pattern, there, path)
        return super()._exchange(method, path, headers, **options)

    def _join(self, headers: Mapping[str, str], form: dict[str, str]) -> requests.Response:
        """Join with what the form says, strange fields included, and sign in with the key that comes."""
        email = form.pop("email", "")
        form.pop("password", "")
        sent = {"code": self._board.code, **form}
        answer = super()._exchange("POST", "/api/join", headers, json=sent)
        if answer.status_code != 200:
            return answer
        self._board.keys[email] = answer.json()["key"]
        return super()._exchange("POST", "/login", headers, data={"key": answer.json()["key"]})

    def _key_for(self, form: Mapping[str, str]) -> dict[str, str]:
        known = {ADA[1]: ADA[2], GRACE[1]: GRACE[2]}.get(form.get("email", ""))
        right = known in (None, form.get("password"))
        key = self._board.keys.get(form.get("email", ""), "") if right else "1-WRONG"
        return {"key": key, **{name: value for name, value in form.items() if name == "csrf"}}
