"""What a strategy returns when a session holds."""

from dataclasses import dataclass

from authlab.db import UserRow


@dataclass(frozen=True, slots=True)
class Proof:
    """Whom a session proves, and when it was last used (seconds since 1970), as far as that is known."""

    user: UserRow
    last_seen_at: int
