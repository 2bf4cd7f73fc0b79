"""`authlab secret`: a fresh key, from the operating system's source of randomness."""

import argparse
import base64
import os


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--env", action="store_true", help="print both lines that a .env file needs")


def run(args: argparse.Namespace) -> int:
    """Print 32 random bytes in base64: 44 characters."""
    print(env_lines() if args.env else _key() + "\n", end="")
    return 0


def env_lines() -> str:
    """Return both lines of a .env file, with fresh keys."""
    return f"SESSION_SECRET={_key()}\nPASSWORD_PEPPER={_key()}\n"


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode("ascii")
