"""Functions of the host program that Bend programs may call: a registry, and values across the border.

A registered function is reached in two ways (docs/python.md):

* `IO/call(name, argument)`, for any name that no primitive has;
* as a member of the library `python`: `IO/DyLib/open("python", 0)` gives a handle for `IO/DyLib/call`.

`HostLibrary` is what the loop of actions (`bend.runtime.io`) knows of all this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from bend.records import dataclass
from bend.runtime.io import PRIMITIVES
from bend.runtime.machine import Argument, Machine, NetMachine, Written
from bend.values import Constructor, Err, Ok

LIBRARY = 'python'
"""The name under which `IO/DyLib/open` finds registered functions."""
HANDLE = 0xFFFFFF
"""The handle of that library."""

F = TypeVar('F', bound=Callable[[Any], Any])
_functions: dict[str, Callable[[Any], Any]] = {}


def register(name: str, function: F) -> F:
    """Offers a function to Bend programs under a name. It gets the argument of the call as a Python value, and what it
    returns becomes the result; an exception becomes a `Result/Err` with its text. A name can be given again.

    Raises ValueError for a name that is empty or that a primitive of `IO/call` has, and TypeError for what cannot be
    called.

    >>> import bend
    >>> bend.register('shout', str.upper)('abc')
    'ABC'
    >>> bend.run('''
    ... def main() -> IO(Result(Any, IOError(Any))):
    ...   with IO:
    ...     return IO/call("shout", "hello")
    ... ''')
    Ok('HELLO')
    """
    if not isinstance(name, str) or not callable(function):
        raise TypeError('register takes a name and a function')
    if name in PRIMITIVES:
        raise ValueError(f"'{name}' is a primitive of Bend's own")
    if not name:
        # Calls whose name is no text come with this one (`bend.runtime.io.name_of`).
        raise ValueError('a registered function needs a name that is not empty')
    _functions[name] = function
    return function


def unregister(name: str) -> None:
    """Takes a registered function away; raises KeyError if there is none of that name."""
    del _functions[name]


@dataclass(frozen=True, slots=True)
class HostLibrary:
    """The registered functions, as one run of a program sees them.

    `read` makes a Python value of what stands at a place of a machine, and `write` makes a value in a machine.
    """

    read: Callable[[Machine, int], Any]
    write: Callable[[Any, Machine], int]

    def outcome(self, primitive: str, argument: Argument) -> Written | None:
        """The outcome of an `IO/call` that reaches a registered function, or has to do with their library; None for
        any other. Takes nothing of an argument that it leaves to others. Raises `WrongShape`."""
        if primitive in _functions:
            return self._call(primitive, argument)
        if primitive == 'DL_OPEN' and self._value(argument.pair()[0]) == LIBRARY:
            return self._written(Ok(HANDLE), argument)
        if primitive == 'DL_CALL':
            handle, rest = argument.pair()
            if handle.handle() == HANDLE:
                name, passed = rest.pair()
                return self._call(self._value(name), passed)
        if primitive == 'DL_CLOSE' and argument.handle() == HANDLE:
            return self._written(Ok(None), argument)
        return None

    def _call(self, name: str, argument: Argument) -> Written:
        """Calls a function. What is no `Exception`, such as KeyboardInterrupt, ends the run."""
        function = _functions.get(name)
        if function is None:
            return self._failed(f"no function '{name}' is registered", argument)
        try:
            return self._written(Ok(function(self._value(argument))), argument)
        except Exception as problem:
            return self._failed(_told(problem), argument)

    def _failed(self, text: str, argument: Argument) -> Written:
        return self._written(Err(Constructor('IOError/Inner', (text,))), argument)

    def _written(self, value: Any, argument: Argument) -> Written:
        return Written(self.write(value, argument.machine))

    def _value(self, argument: Argument) -> Any:
        return self.read(argument.machine, argument.place)


def _told(problem: Exception) -> str:
    """The kind of an exception and its text, if it has any: exceptions may fail even to say what they are."""
    kind = type(problem).__name__
    try:
        text = str(problem)
    except Exception:
        return kind
    return f'{kind}: {text}' if text else kind


class MachineMaker:
    """Makes nodes in the net of a machine (see `bend.hvm.construct.Maker`)."""

    def __init__(self, machine: NetMachine) -> None:
        self.machine = machine

    def eraser(self) -> int:
        """See `Maker`."""
        return self.machine.make_eraser()

    def number(self, word: int) -> int:
        """See `Maker`."""
        return self.machine.make_number(word)

    def reference(self, name: str) -> int:
        """See `Maker`."""
        return self.machine.make_reference(name)

    def pair(self, first: int, second: int) -> int:
        """See `Maker`."""
        return self.machine.make_pair(first, second)

    def function(self, siblings: int, arm: int, fields: Sequence[int]) -> int:
        """See `Maker`."""
        return self.machine.make_constructor(siblings, arm, fields)

    def chain(self, siblings: int, arm: int, leading: Sequence[int], words: Sequence[int], end: int) -> int:
        """See `Maker`."""
        for word in reversed(words):
            end = self.function(siblings, arm, (*leading, self.number(word), end))
        return end
