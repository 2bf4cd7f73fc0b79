"""Values that must stay on the server (lesson 9): they refuse to be shown, stored as text or sent."""

from typing import Any, Generic, NoReturn, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class ServerOnly(Generic[T]):
    """Holds a value that only `reveal()` gives away: a password's hash, say, on
    its way through the app.

    - Its text, by `str`, `repr` or an f-string of any width, is
      `<server only>`.
    - `json.dumps` does not tell it, whatever the caller says it should do
      with objects it does not know: `default=vars`, `default=str` and
      `default=list` are all common.
    - `pickle` is refused with a `TypeError`: what is pickled lies on a disk.
    - A copy (`copy`, `deepcopy`, `dataclasses.asdict` of a row that holds it)
      is as closed as the original, and can be revealed.
    - Two of them are equal when their values are; it never equals a bare
      value.

    A row that is sent by mistake is then a crash in a test, and no leak in
    production. It guards against accidents, not against code that wants the
    value: there is no such guard in Python.

    Source: the guide's last tip, React's "taint" of values and objects.
    """

    __slots__ = ("__value",)

    def __init__(self, value: T) -> None:
        self.__value = value

    def reveal(self) -> T:
        """Return the value. Whoever reads the code finds every place where it comes out."""
        return self.__value

    def __repr__(self) -> str:
        return "<server only>"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerOnly) and bool(self.__value == other.__value)

    def __hash__(self) -> int:
        return hash((ServerOnly, self.__value))  # the bare hash of a number is the number

    def __copy__(self) -> "ServerOnly[T]":
        return self

    def __deepcopy__(self, memo: object) -> "ServerOnly[T]":
        return self

    def __getstate__(self) -> NoReturn:
        # Python's own hands out the attributes, to pickle and to other serialisers that know of nothing else.
        raise TypeError("a server-only value is not pickled; reveal() it where it is used")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _accept, serialization=core_schema.plain_serializer_function_ser_schema(_refuse)
        )


def _accept(value: object) -> object:
    """Return a value that is closed already. Not a ValueError: pydantic's error would quote an open one."""
    if not isinstance(value, ServerOnly):
        raise TypeError("expected a ServerOnly, got a value that is open")
    return value


def _refuse(value: object) -> NoReturn:
    raise TypeError("a server-only value does not leave the server; name the fields that may, in a DTO")
