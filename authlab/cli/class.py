"""`authlab class`: for whoever teaches a group with the kit. Each action is a module `class_ACTION`."""

import argparse
import importlib
import sys
from types import ModuleType

ACTIONS = {
    "handout": "pack what learners get, without answers",
    "grade": "judge a folder of submissions",
    "board": "show the room's progress live",
    "hub": "write a JupyterHub for one machine",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, help_ in ACTIONS.items():
        _module(name).add_arguments(actions.add_parser(name, help=help_, description=help_))


def run(args: argparse.Namespace) -> int:
    """Run one action."""
    from authlab import bootstrap

    bootstrap.ensure(arguments=sys.argv[1:])
    status: int = _module(args.action).run(args)
    return status


def _module(action: str) -> ModuleType:
    return importlib.import_module(f"authlab.cli.class_{action}")
