"""Frozen dataclasses that cost little: to declare, to make, to pickle and to read back.

The compiler declares some four hundred of them, most of which are trees that it makes by the hundred thousand. The type
checker sees that nobody changes one. What the library adds to refuse that again when it runs makes an object take three
times as long, and its methods are texts that Python has to compile for each class whenever a process starts. Here the
only text is that of `__init__`, compiled when the first object of a class is made: most classes have none in a run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    def replace(item, /, **changes):
        """A copy of an object with other values of some fields, as the library makes it."""
        copy = getattr(item, '__replace__', None)
        return dataclasses.replace(item, **changes) if copy is None else copy(**changes)

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True):
        """The decorator of the library, but that nothing refuses to change a frozen class with slots."""
        if cls is None:
            return lambda class_: dataclass(class_, frozen=frozen, slots=slots, eq=eq)
        if not (frozen and slots):
            return dataclasses.dataclass(frozen=frozen, slots=slots, eq=eq)(cls)
        own = set(cls.__dict__)
        fields = _fields_of(cls)
        is_plain = _is_plain(cls, fields)
        made = _with_slots(cls, fields) if is_plain else dataclasses.dataclass(slots=True, eq=False, repr=False)(cls)
        methods = {**_methods(made, eq), **({'__init__': _maker(made)} if is_plain else {})}
        for name, method in methods.items():
            if name not in own:
                setattr(made, name, method)
        return made

__all__ = ['dataclass', 'replace']


@dataclasses.dataclass
class _Sample:
    """A dataclass of the library; records are marked as it is."""

    field: object


_FIELDS = '__dataclass_fields__'
_KIND: Any = vars(_Sample)[_FIELDS]['field']._field_type


def _fields_of(cls: Any) -> dict[str, Any]:
    """The fields of a class by name, those that it inherits first, as the library describes them."""
    fields = {name: item for base in cls.__mro__[:0:-1] for name, item in vars(base).get(_FIELDS, {}).items()}
    for name, annotation in cls.__annotations__.items():
        default = vars(cls).get(name, dataclasses.MISSING)
        item: Any = default if isinstance(default, dataclasses.Field) else dataclasses.field(default=default)
        item.name, item.type, item._field_type = name, annotation, _KIND
        item.kw_only = item.kw_only is True
        fields[name] = item
    return fields


def _is_plain(cls: Any, fields: dict[str, Any]) -> bool:
    """Whether to make an object of a class is only to store what is given."""
    return not hasattr(cls, '__post_init__') and all(
        item.init and item.default_factory is dataclasses.MISSING and 'ClassVar' not in str(item.type)
        for item in fields.values())


def _with_slots(cls: Any, fields: dict[str, Any]) -> Any:
    """The class with slots for its fields. It has to be made again for that."""
    inherited = {name for base in cls.__mro__[1:] for name in vars(base).get('__slots__', ())}
    names = {name: value for name, value in vars(cls).items()
             if name not in fields and name not in ('__dict__', '__weakref__')}
    made = type(cls)(cls.__name__, cls.__bases__, {
        **names, _FIELDS: fields, '__dataclass_params__': _Sample.__dataclass_params__,  # type: ignore[attr-defined]
        '__slots__': tuple([name for name in fields if name not in inherited]),
        '__match_args__': tuple([name for name, item in fields.items() if not item.kw_only])})
    made.__qualname__ = cls.__qualname__
    return made


def _maker(cls: Any) -> Callable[..., None]:
    """The method that stores what is given; it is there from the first object on."""
    def first(self: Any, /, *arguments: Any, **named: Any) -> None:
        cls.__init__ = made = _made_maker(cls)
        made(self, *arguments, **named)

    return first


def _made_maker(cls: Any) -> Callable[..., None]:
    """The same method, with the code that it shares with classes whose fields have the same names."""
    fields = dataclasses.fields(cls)
    positional = [item for item in fields if not item.kw_only]
    named = [item for item in fields if item.kw_only]
    code = _maker_code(tuple([item.name for item in positional]), tuple([item.name for item in named]))
    defaults = tuple([item.default for item in positional if item.default is not dataclasses.MISSING])
    made = FunctionType(code, {}, '__init__', defaults)
    made.__kwdefaults__ = {item.name: item.default for item in named if item.default is not dataclasses.MISSING}
    made.__qualname__ = f'{cls.__qualname__}.__init__'
    return made


@cache
def _maker_code(positional: tuple[str, ...], named: tuple[str, ...]) -> Any:
    """The code that stores its parameters in fields of the same names."""
    parameters = ', '.join(('self', *positional, *(('*', *named) if named else ())))
    body = '; '.join(f'self.{name} = {name}' for name in (*positional, *named)) or 'pass'
    scope: dict[str, Any] = {}
    exec(f'def __init__({parameters}): {body}', {}, scope)
    return scope['__init__'].__code__


def _methods(cls: Any, eq: bool) -> dict[str, Callable[..., Any]]:
    """The other methods that the library would write for a class, with the names of fields as values."""
    fields = dataclasses.fields(cls)
    names = [item.name for item in fields]
    shown = [item.name for item in fields if item.repr]

    def replaced(self: Any, /, **changes: Any) -> Any:
        for name in names:
            if name not in changes:
                changes[name] = getattr(self, name)
        return self.__class__(**changes)

    def show(self: Any) -> str:
        values = ', '.join([f'{name}={getattr(self, name)!r}' for name in shown])
        return f'{type(self).__qualname__}({values})'

    usual: dict[str, Callable[..., Any]] = {'__repr__': show, '__replace__': replaced}
    if not eq:
        return usual
    compared = [item.name for item in fields if item.compare]
    value = attrgetter(*compared) if compared else type

    def equal(self: Any, other: Any) -> Any:
        if self.__class__ is other.__class__:
            return value(self) == value(other)
        return NotImplemented

    def hashed(self: Any) -> int:
        return hash(value(self))

    return {**usual, '__eq__': equal, '__hash__': hashed}
