"""Frozen dataclasses that cost little: to declare, to make, to pickle and to read back.

The compiler declares some four hundred of them, most of which are trees that it makes by the hundred thousand. The type
checker sees that nobody changes one. What the library adds to refuse that again when it runs makes an object take three
times as long, and its methods are texts that Python has to compile for each class whenever a process starts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True):
        """The decorator of the library, but that nothing refuses to change a frozen class with slots."""
        if cls is None:
            return lambda class_: dataclass(class_, frozen=frozen, slots=slots, eq=eq)
        if not (frozen and slots):
            return dataclasses.dataclass(frozen=frozen, slots=slots, eq=eq)(cls)
        own = set(cls.__dict__)
        made = dataclasses.dataclass(slots=True, eq=False, repr=False)(cls)
        for name, method in _methods(made, eq).items():
            if name not in own:
                setattr(made, name, method)
        return made

__all__ = ['dataclass']


def _methods(cls: Any, eq: bool) -> dict[str, Callable[..., Any]]:
    """What the library would write for a class, by name: the same methods, with the names of fields as values."""
    fields = dataclasses.fields(cls)
    shown = [item.name for item in fields if item.repr]

    def show(self: Any) -> str:
        values = ', '.join([f'{name}={getattr(self, name)!r}' for name in shown])
        return f'{type(self).__qualname__}({values})'

    if not eq:
        return {'__repr__': show}
    compared = [item.name for item in fields if item.compare]
    value = attrgetter(*compared) if compared else type

    def equal(self: Any, other: Any) -> Any:
        if self.__class__ is other.__class__:
            return value(self) == value(other)
        return NotImplemented

    def hashed(self: Any) -> int:
        return hash(value(self))

    return {'__repr__': show, '__eq__': equal, '__hash__': hashed}
