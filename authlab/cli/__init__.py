"""The command line: one table of commands, and the one place where their errors become words.

Each command is a module `authlab.cli.NAME` with `add_arguments(parser)` and `run(args) -> int`, and
only the chosen one is imported. Such a module imports nothing but the standard library at its top:
it is read before the packages are installed. Packages are imported inside `run`.
"""

import sys

TYPE_CHECKING = False  # as typing's, but importing typing costs a third of Python's own start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import NoReturn

INTERRUPTED = 130  # what a shell reports for Ctrl-C: 128 + SIGINT


class UsageError(Exception):
    """One line for whoever typed the command: what was expected, what came, the next command."""


class Command:
    """A row of the table. A `light` command runs as it is: it never starts an installation."""

    def __init__(self, name: str, help: str, *, light: bool = False) -> None:
        self.name = name
        self.help = help
        self.light = light


COMMANDS = (
    Command("lab", "open JupyterLab on lesson 0"),
    Command("test", "run everything that must hold"),
    Command("serve", "open the app in a browser"),
    Command("check", "check one exercise, a lesson, or all"),
    Command("watch", "check whenever you save"),
    Command("audit", "try every attack against the app, a flaw, or your answers"),
    Command("hint", "print a hint for an exercise, from vague to specific", light=True),
    Command("solution", "print the package's own answer, once yours has passed"),
    Command("reset", "take an answer back to its stub; --undo takes that back", light=True),
    Command("progress", "print what is solved, and what comes next", light=True),
    Command("secret", "print a fresh key for the app", light=True),
    Command("doctor", "say what is wrong with this set-up, and what mends it", light=True),
    Command("class", "hand out, grade and see a whole class"),
    Command("update", "bring in the newest kit, your answers kept", light=True),
    # Light, because its actions differ: `dev setup` installs more than the others need. It calls
    # authlab.bootstrap.ensure itself.
    Command("dev", "build, verify and set up, for those who work on the kit", light=True),
)


def main(argv: "Sequence[str] | None" = None) -> int:
    """Return the exit status of the command in `argv` (without the program's name).

    2 is bad usage or a set-up that failed, in one line on stderr; 130 is Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _never_fail_to_print()
    try:
        return _run(arguments)
    except UsageError as error:
        print(f"authlab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # `authlab ... | head`: nobody reads on. Python would complain once more when it flushes.
        sys.stdout = None
        return INTERRUPTED
    except Exception as error:
        from authlab.course.refusal import Refusal  # not at the top: most commands are not refused

        if not isinstance(error, Refusal):
            raise
        print(f"authlab: {error}", file=sys.stderr)
        return 2


def command_line(rest: str) -> str:
    """Return the command that runs `authlab REST` in a fresh clone on this system."""
    return ("py" if sys.platform == "win32" else "python3") + " -m authlab " + rest


def _never_fail_to_print() -> None:
    """Have stdout write what its encoding lacks as `lab.show.plain` says, and not raise, nor print "?"."""
    import codecs

    def in_letters(error: UnicodeError) -> "tuple[str, int]":
        from authlab.lab.show.plain import plain

        if not isinstance(error, UnicodeEncodeError):  # nothing is read by this rule
            raise error
        return plain(error.object[error.start : error.end]), error.end

    codecs.register_error("authlab", in_letters)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    # "surrogateescape" is what Python takes in the locale C: it knows no way to write a glyph either.
    if reconfigure and sys.stdout.errors in ("strict", "surrogateescape"):
        reconfigure(errors="authlab")


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if arguments[0] in ("-V", "--version"):
        from authlab import __version__

        print(f"authlab {__version__}")
        return 0
    command = _find(arguments[0])
    module = _module(command)
    if hasattr(module, "quick"):  # what needs no parser, which takes longer to load than the answer
        at_once: int | None = module.quick(arguments[1:])
        if at_once is not None:
            return at_once
    args = _parse(command, module, arguments[1:])
    if not command.light:
        from authlab import bootstrap

        bootstrap.ensure(arguments=arguments)
    status: int = module.run(args)
    return status


def _overview() -> str:
    # By hand: importing argparse costs about as much as starting Python.
    rows = "\n".join(f"  {command.name:<10}{command.help}" for command in COMMANDS)
    return (
        "usage: authlab COMMAND [ARGUMENTS]\n\n"
        "Learn web authentication by building it, breaking it and proving it.\n\n"
        f"{rows}\n\n"
        f"Start with: {command_line('lab')}\n"
        "More about one command: authlab COMMAND --help"
    )


def _find(name: str) -> Command:
    for command in COMMANDS:
        if command.name == name:
            return command
    from difflib import get_close_matches

    near = get_close_matches(name, [command.name for command in COMMANDS], n=1, cutoff=0.5)
    suggestion = f"did you mean: {command_line(near[0])}" if near else f"see: {command_line('')}"
    raise UsageError(f"expected a command, got {name!r}; {suggestion.rstrip()}")


def _module(command: Command) -> "_Module":
    import importlib

    module: _Module = importlib.import_module(f"authlab.cli.{command.name}")  # type: ignore[assignment]
    return module


def _parse(command: Command, module: "_Module", rest: list[str]) -> "argparse.Namespace":
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> "NoReturn":
            # Of an action of a command (`class grade`), its own page.
            raise UsageError(f"{message}; see: {command_line(self.prog.removeprefix('authlab '))} --help")

        def parse_known_args(  # type: ignore[override]
            self, args: "Sequence[str] | None" = None, namespace: "argparse.Namespace | None" = None
        ) -> "tuple[argparse.Namespace, list[str]]":
            known, unknown = super().parse_known_args(args, namespace)
            if unknown and not passes_on:  # else only the command is left to say so, with its own page
                self.error(f"unrecognized arguments: {' '.join(unknown)}")
            return known, unknown

    passes_on = getattr(module, "PASSES_ARGUMENTS_ON", False)
    parser = Parser(prog=f"authlab {command.name}", description=command.help, allow_abbrev=False)
    module.add_arguments(parser)
    if passes_on:
        args, passed_on = parser.parse_known_args(rest)
        args.passed_on = passed_on
        return args
    return parser.parse_args(rest)


if TYPE_CHECKING:
    from types import ModuleType

    class _Module(ModuleType):
        """What a command's module offers."""

        @staticmethod
        def add_arguments(parser: argparse.ArgumentParser) -> None: ...

        @staticmethod
        def run(args: argparse.Namespace) -> int: ...
