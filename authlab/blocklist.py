"""The passwords that everybody's attacker tries first (lesson 2).

An attacker who may guess a few times guesses these, and whoever has stolen hashes begins with them. The list
stands in `common_passwords.txt`, the most common first.
"""

from functools import cache
from pathlib import Path

# What people add to please a rule: a year, a date, marks. From 8 on it could be a password by itself.
TAIL_MAX_CHARACTERS = 7

_LIST = Path(__file__).with_name("common_passwords.txt")


def is_common(password: str) -> bool:
    """Return whether a password is one of the 3000 most common that have 8 characters or more, or is made
    from one in a way that every cracking tool tries.

    Case does not count, and neither do up to `TAIL_MAX_CHARACTERS` characters at the end that are no letters:
    `"Password2024!"` is `"password"`, and `"qwerty123!"` is `"qwerty123"`, which is in the list itself.
    That this refuses no good password:

    - What is before the tail is compared as a whole, and every entry has 8 characters. No word of a
      passphrase is held against it: `"princess of the sea"` is fine.
    - A longer tail counts: in `"butterfly4029571836"` it is the digits that are hard to guess.
    - Look-alikes (`"pa55word"`) are refused where people really used them, in the list, and by no rule.

    Source: ASVS 5.0 6.2.4; NIST SP 800-63B, "Password Verifiers", which compares whole passwords: the tail
    is an addition of ours.
    """
    start = password.lower()
    for _ in range(TAIL_MAX_CHARACTERS + 1):
        if start in _common_passwords():
            return True
        if start == "" or start[-1].isalpha():
            return False
        start = start[:-1]
    return False


@cache
def _common_passwords() -> frozenset[str]:
    """Return the list, without the lines on its source and licence; read once."""
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not (line == "#" or line.startswith("# ")))
