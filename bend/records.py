"""Dataclasses that cost little: to declare, to make, to pickle and to read back.

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
        """The decorator of the library, but that nothing refuses to change a frozen class."""
        if cls is None:
            return lambda class_: dataclass(class_, frozen=frozen, slots=slots, eq=eq)
        own = set(cls.__dict__)
        fields = _fields_of(cls)
        made = _with_slots(cls, fields) if slots else _without_fields(cls)
        for name, method in {**_described(fields), **_methods(fields, eq, frozen), '__init__': _maker(made)}.items():
            if name not in own:
                setattr(made, name, method)
        return made

__all__ = ['dataclass', 'replace']


@dataclasses.dataclass
class _Sample:
    """A dataclass of the library; records are marked as it is."""

    field: object


_FIELDS = '__dataclass_fields__'
_SET_HERE = ('name', 'type', 'kw_only')


def _marks() -> tuple[tuple[str, Any], ...]:
    """What the library sets in a field, besides what is set here, once the field belongs to a class."""
    marked, bare = vars(_Sample)[_FIELDS]['field'], dataclasses.field()
    slots = [name for name in dataclasses.Field.__slots__ if name not in _SET_HERE]
    return tuple([(name, getattr(marked, name)) for name in slots if getattr(marked, name) != getattr(bare, name)])


_MARKS = _marks()


def _fields_of(cls: Any) -> dict[str, Any]:
    """The fields of a class by name, those that it inherits first, as the library describes them."""
    fields = {name: item for base in cls.__mro__[:0:-1] for name, item in vars(base).get(_FIELDS, {}).items()}
    for name, annotation in cls.__annotations__.items():
        if 'ClassVar' in str(annotation):
            continue
        default = vars(cls).get(name, dataclasses.MISSING)
        item: Any = default if isinstance(default, dataclasses.Field) else dataclasses.field(default=default)
        item.name, item.type, item.kw_only = name, annotation, item.kw_only is True
        for mark, value in _MARKS:
            setattr(item, mark, value)
        fields[name] = item
    return fields


def _with_slots(cls: Any, fields: dict[str, Any]) -> Any:
    """The class with slots for its fields. It has to be made again for that."""
    inherited = {name for base in cls.__mro__[1:] for name in vars(base).get('__slots__', ())}
    names = {name: value for name, value in vars(cls).items()
             if name not in fields and name not in ('__dict__', '__weakref__')}
    made = type(cls)(cls.__name__, cls.__bases__, {
        **names, '__slots__': tuple([name for name in fields if name not in inherited])})
    made.__qualname__ = cls.__qualname__
    return made


def _without_fields(cls: Any) -> Any:
    """The class with values in the place of the descriptions of fields, or nothing."""
    for name, item in list(vars(cls).items()):
        if isinstance(item, dataclasses.Field):
            if item.default is dataclasses.MISSING:
                delattr(cls, name)
            else:
                setattr(cls, name, item.default)
    return cls


def _described(fields: dict[str, Any]) -> dict[str, Any]:
    """What tells the library and `match` about the fields of a class."""
    return {_FIELDS: fields, '__dataclass_params__': vars(_Sample)['__dataclass_params__'],
            '__match_args__': tuple([item.name for item in fields.values() if item.init and not item.kw_only])}


def _maker(cls: Any) -> Callable[..., None]:
    """The method that stores what is given; it is there from the first object on."""
    def first(self: Any, /, *arguments: Any, **named: Any) -> None:
        cls.__init__ = made = _made_maker(cls)
        made(self, *arguments, **named)

    return first


def _made_maker(cls: Any) -> Callable[..., None]:
    """The same method, with the code that it shares with classes whose fields have the same names."""
    fields = dataclasses.fields(cls)
    positional = [item for item in fields if item.init and not item.kw_only]
    named = [item for item in fields if item.init and item.kw_only]
    factories = {f'make_{item.name}': item.default_factory for item in fields
                 if item.default_factory is not dataclasses.MISSING}
    code = _maker_code(tuple([item.name for item in positional]), tuple([item.name for item in named]),
                       tuple(factories), hasattr(cls, '__post_init__'))
    optional = {item.name: item.default for item in fields
                if item.default is not dataclasses.MISSING or f'make_{item.name}' in factories}
    defaults = tuple([optional[item.name] for item in positional if item.name in optional])
    made = FunctionType(code, {'MISSING': dataclasses.MISSING, **factories}, '__init__', defaults)
    made.__kwdefaults__ = {item.name: optional[item.name] for item in named if item.name in optional}
    made.__qualname__ = f'{cls.__qualname__}.__init__'
    return made


@cache
def _maker_code(positional: tuple[str, ...], named: tuple[str, ...], factories: tuple[str, ...], goes_on: bool) -> Any:
    """The code that stores its parameters in fields of the same names, or what a factory makes if there is one and
    nothing is given. If it goes on, `__post_init__` comes last."""
    parameters = ', '.join(('self', *positional, *(('*', *named) if named else ())))
    steps = [f'self.{name} = {name}' + (f' if {name} is not MISSING else make_{name}()'
                                        if f'make_{name}' in factories else '') for name in (*positional, *named)]
    steps += [f'self.{make.removeprefix("make_")} = {make}()' for make in factories
              if make.removeprefix('make_') not in (*positional, *named)]
    steps += ['self.__post_init__()'] if goes_on else []
    scope: dict[str, Any] = {}
    exec(f'def __init__({parameters}): {"; ".join(steps) or "pass"}', {}, scope)
    return scope['__init__'].__code__


def _methods(fields: dict[str, Any], eq: bool, frozen: bool) -> dict[str, Callable[..., Any] | None]:
    """The other methods that the library would write for a class, with the names of fields as values."""
    names = [name for name, item in fields.items() if item.init]
    shown = [name for name, item in fields.items() if item.repr]

    def replaced(self: Any, /, **changes: Any) -> Any:
        for name in names:
            if name not in changes:
                changes[name] = getattr(self, name)
        return self.__class__(**changes)

    def show(self: Any) -> str:
        values = ', '.join([f'{name}={getattr(self, name)!r}' for name in shown])
        return f'{type(self).__qualname__}({values})'

    usual: dict[str, Callable[..., Any] | None] = {'__repr__': show, '__replace__': replaced}
    if not eq:
        return usual
    compared = [name for name, item in fields.items() if item.compare]
    value = attrgetter(*compared) if compared else type

    def equal(self: Any, other: Any) -> Any:
        if self.__class__ is other.__class__:
            return value(self) == value(other)
        return NotImplemented

    def hashed(self: Any) -> int:
        return hash(value(self))

    return {**usual, '__eq__': equal, '__hash__': hashed if frozen else None}
