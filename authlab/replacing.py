"""Writing a file whole or not at all: whoever reads it, or finds it after a crash, sees one of the two."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replaced(file: Path) -> Iterator[Path]:
    """Lend a new file, which takes the place of `file` when the block ends without an error.

    A file's rights stay as they were, and a link goes on pointing where it does. Raises `OSError` where the
    folder cannot be written.
    """
    target = Path(os.path.realpath(file))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with suppress(FileNotFoundError):
            temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
