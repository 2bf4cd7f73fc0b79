"""The class board: one page on which an instructor sees where the room is, and each learner their own row.

It is an authlab app: its sessions, cookies, forms' tokens, origins, limits and headers are the package's own.
A request goes the same way:

    app -> middleware (the package's) -> routes -> pages | fragments | actions | api -> dal -> db

`server` brings the requests. On a learner's side, `joined` keeps where they have joined, `outbox` what is to
be told, `connection` speaks to the board, and `reporting` is what `check` calls.
"""
