"""`authlab doctor`: each check of this set-up, what it found, and the command that mends it."""

import argparse
import json

from authlab import bootstrap, doctor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the same for programs")
    parser.add_argument("--renew", action="store_true", help="make .venv afresh first")


def run(args: argparse.Namespace) -> int:
    """Return 0 when all is well, else 1. Installs nothing unless `--renew` asks for it."""
    arguments = ["doctor", *(["--json"] if args.json else [])]
    if args.renew:
        bootstrap.renew(arguments)
    else:
        bootstrap.enter(arguments)
    results = doctor.checks()
    if args.json:
        print(json.dumps(_as_data(results), indent=1))
    else:
        for name, found in results:
            print(f"{name:<12}{'problem' if found else 'ok'}")
            for problem in found:
                print(f"  {problem.what}\n  mend: {problem.mend}")
    return 1 if any(found for _, found in results) else 0


def _as_data(results: list[tuple[str, list[doctor.Problem]]]) -> dict[str, object]:
    return {
        "ok": not any(found for _, found in results),
        "checks": [
            {
                "name": name,
                "ok": not found,
                "problems": [problem._asdict() for problem in found],
            }
            for name, found in results
        ],
    }
