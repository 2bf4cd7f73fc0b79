"""What was saved, and which exercise it is about: for `watch`."""

from collections.abc import Iterator
from pathlib import Path

from authlab.course import answers
from authlab.course.curriculum import Exercise, exercises
from authlab.course.places import EXERCISES

State = tuple[int, int, int, int]


class Watched:
    """A folder of answers as it was last seen."""

    def __init__(self, folder: Path = EXERCISES) -> None:
        self.folder = folder
        self._states = dict(self._look())
        self._seen = {
            asked.id: answers.code_of(folder / asked.file_name, asked.name) for asked in exercises()
        }

    def changed(self, at: Exercise | None = None) -> list[Exercise]:
        """Return the exercises whose answers have changed since it was last asked, in their order.

        Of a file that was saved without a change in any answer, or that is no Python now, the one that the
        learner is `at`, or its first: whoever saves wants an answer. A file that an editor renames into its
        place is seen, too.
        """
        states = dict(self._look())
        touched = {name for name, state in states.items() if self._states.get(name) != state}
        self._states = states
        found = []
        for name in sorted(touched):
            of_file = [asked for asked in exercises() if asked.file_name == name]
            now = {asked.id: answers.code_of(self.folder / name, asked.name) for asked in of_file}
            edited = [asked for asked in of_file if now[asked.id] != self._seen[asked.id]]
            readable = any(now.values())
            found += edited if edited and readable else [at if at in of_file else of_file[0]]
            if readable:  # of a half-written file, what was seen before is what the next one is compared with
                self._seen.update(now)
        return found

    def _look(self) -> Iterator[tuple[str, State]]:
        for name in sorted({asked.file_name for asked in exercises()}):
            try:
                status = (self.folder / name).stat()
                content = hash((self.folder / name).read_bytes())  # two saves can be of one time and size
            except OSError:  # between the deleting and the renaming of an editor
                continue
            yield name, (status.st_mtime_ns, status.st_size, status.st_ino, content)
