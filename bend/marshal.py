"""Python's values as Bend's and back (docs/python.md has the table).

Where the type of a parameter is known it decides what a value becomes, and a value that does not fit is a TypeError.
Both directions keep their own stacks, since data may be nested very deeply.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal

from bend.desugar.typecheck.types import (
    ARROW,
    TUPLE,
    Con,
    Namer,
    Type,
    resolved,
)
from bend.hvm import f24, result
from bend.hvm import numbers as num
from bend.hvm.construct import DataWriter, Port
from bend.hvm.names import HIDDEN
from bend.hvm.readback import BookInfo
from bend.hvm.show import show
from bend.interface import ConstructorShape, Interface
from bend.records import dataclass
from bend.suggest import did_you_mean
from bend.values import (
    F24,
    I24,
    MAX_I24,
    MAX_U24,
    MIN_I24,
    NOTHING,
    U24,
    Constructor,
    Nat,
    Some,
    Term,
    checked,
    constructor,
)

Kind = Literal['u24', 'i24', 'f24']


# ---- Python to Bend --------------------------------------------------------------------------


def write_arguments(values: Sequence[object], interface: Interface, data: DataWriter[Port]) -> list[Port]:
    """The arguments of the entry; raises TypeError and ValueError for what cannot be passed."""
    ports: list[Port] = []
    for number, (value, type_) in enumerate(zip(values, interface.parameters(len(values)), strict=True), 1):
        try:
            ports.append(write(value, type_, interface, data))
        except (TypeError, ValueError) as problem:
            problem_type = TypeError if isinstance(problem, TypeError) else ValueError
            raise problem_type(f"argument {number} of '{interface.entry}': {problem}") from None
    return ports


def write(value: object, type_: Type | None, interface: Interface, data: DataWriter[Port]) -> Port:
    """A value in a net; raises TypeError and ValueError for what is no data, or not of the type."""
    return _Writer(interface, data).write(value, type_)


@dataclass(frozen=True, slots=True)
class _Write:
    """A value to write, of a type, if one is known. `kind` is that of plain integers in it."""

    value: object
    type: Type | None = None
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class _Join(Generic[Port]):
    """Makes one port of the last `count` ones, for a value that has parts."""

    count: int
    make: Callable[[list[Port]], Port]
    whole: object


class _Writer(Generic[Port]):
    """Writes values into one net."""

    def __init__(self, interface: Interface, data: DataWriter[Port]) -> None:
        self.interface = interface
        self.data = data
        self.todo: list[_Write | _Join[Port]] = []
        self.done: list[Port] = []
        self.open: set[int] = set()
        """The identities of the values whose parts are being written; their `_Join` keeps them alive."""

    def write(self, value: object, type_: Type | None) -> Port:
        """The port of a value."""
        self.todo.append(_Write(value, type_))
        while self.todo:
            step = self.todo.pop()
            if isinstance(step, _Join):
                cut = len(self.done) - step.count
                self.done[cut:] = [step.make(self.done[cut:])]
                self.open.remove(id(step.whole))
            else:
                type_ = None if step.type is None else resolved(step.type)
                if isinstance(type_, Con):
                    self.write_typed(step, type_)
                else:
                    self.write_any(step)
        return self.done.pop()

    def join(self, whole: object, parts: Sequence[_Write], make: Callable[[list[Port]], Port]) -> None:
        """Writes the parts of a value and makes one port of theirs. Raises ValueError for a value inside itself."""
        if id(whole) in self.open:
            raise ValueError(f'{_named(whole)} that holds itself has no end, and cannot be passed to Bend')
        self.open.add(id(whole))
        self.todo.append(_Join(len(parts), make, whole))
        self.todo.extend(reversed(parts))

    # ---- by type ----

    def write_typed(self, step: _Write, type_: Con) -> None:
        """A value of a known type."""
        value = _plain(step.value)
        match type_.name, type_.arguments:
            case ('u24' | 'i24' | 'f24' as kind, ()):
                self.done.append(self.data.maker.number(_number_word(value, kind, type_)))
            case ('None', ()):
                _expect(value is None, value, type_)
                self.done.append(self.data.maker.eraser())
            case ('String', ()) if isinstance(value, str):
                self.write_text(value)
            case ('List', (element,)) if _is_list(value):
                self.write_list(value, element, None)
            case ('Map', (element,)) if isinstance(value, Mapping):
                self.write_map(value, element)
            case ('Nat', ()) if isinstance(value, int) and not isinstance(value, bool | U24 | I24):
                self.write_nat(Nat(value))
            case ('Maybe', (_,)) if value is None:
                self.done.append(self.data.constructor(self.shape('Maybe/None'), ()))
            case (name, elements) if name == TUPLE:
                self.write_tuple(value, type_, elements)
            case (name, _) if name == ARROW:
                raise TypeError(f'expected {_shown(type_)}: functions cannot be passed to Bend')
            case _:
                self.write_constructor(value, type_)

    def write_tuple(self, value: object, type_: Con, types: Sequence[Type]) -> None:
        """A tuple of a known type; `((a, b), c)` differs from `(a, (b, c))`, which is `(a, b, c)`."""
        _expect(isinstance(value, tuple) and len(value) > 1, value, type_)
        assert isinstance(value, tuple)
        elements: list[object] = list(value)
        while isinstance(last := elements[-1], tuple) and len(last) > 1:
            elements[-1:] = last
        wanted: list[Type] = list(types)
        while isinstance(rest := resolved(wanted[-1]), Con) and rest.name == TUPLE:
            wanted[-1:] = rest.arguments
        if len(elements) > len(wanted) and not isinstance(rest, Con):
            elements[len(wanted) - 1:] = [tuple(elements[len(wanted) - 1:])]
        _expect(len(elements) == len(wanted), value, type_)
        self.join(value, [_Write(*pair) for pair in zip(elements, wanted, strict=True)], self.make_tuple)

    def write_constructor(self, value: object, type_: Con | None) -> None:
        """A constructor, of a known type or of any."""
        if not isinstance(value, Constructor):
            raise TypeError(_mismatch(value, type_))
        shape = self.shape(value.name)
        if type_ is not None and shape.type_name != type_.name:
            raise TypeError(f"expected {_shown(type_)}, got the constructor '{value.name}'")
        if len(value.fields) != len(shape.fields):
            plural = '' if len(shape.fields) == 1 else 's'
            raise ValueError(f"the constructor '{value.name}' has {len(shape.fields)} field{plural}, "
                             f'not {len(value.fields)}')
        parts = [_Write(*pair) for pair in zip(value.fields, shape.field_types(type_), strict=True)]
        self.join(value, parts, lambda fields: self.data.constructor(shape, fields))

    # ---- by value ----

    def write_any(self, step: _Write) -> None:
        """A value of which no type is known."""
        value, kind = _plain(step.value), step.kind
        if value is None:
            self.done.append(self.data.maker.eraser())
        elif isinstance(value, Nat):
            self.write_nat(value)
        elif isinstance(value, int | float):
            kind = kind if type(value) is int else None
            self.done.append(self.data.maker.number(_number_word(value, kind or _kind_of(value), None)))
        elif isinstance(value, str):
            self.write_text(value)
        elif _is_list(value):
            self.write_list(value, None, kind)
        elif isinstance(value, tuple):
            if len(value) < 2:
                raise ValueError(f'a tuple in Bend has at least two elements, not {len(value)}')
            self.join(value, [_Write(element) for element in value], self.make_tuple)
        elif isinstance(value, Mapping):
            self.write_map(value, None)
        else:
            self.write_constructor(value, None)

    def write_text(self, text: str) -> None:
        """A string."""
        words = [num.make_word(point, num.U24) for point in map(ord, text)]
        self.write_chain('String', words)

    def write_chain(self, type_name: str, words: Sequence[int]) -> None:
        """A string or a list of numbers."""
        end = self.data.constructor(self.shape(f'{type_name}/Nil'), ())
        self.done.append(self.data.numbers(self.shape(f'{type_name}/Cons'), words, end))

    def write_list(self, value: Any, element: Type | None, kind: Kind | None) -> None:
        """A list. Without a type, its plain integers are of one kind: signed if one of them is negative."""
        elements, kind = _elements(value, kind)
        type_ = None if element is None else resolved(element)
        if isinstance(type_, Con) and type_.name in ('u24', 'i24', 'f24'):
            words = _u24_words(elements) if type_.name == 'u24' else None
            self.write_chain('List', words if words is not None else
                             [_number_word(_plain(number), type_.name, type_) for number in elements])
            return
        words = _u24_words(elements) if kind in (None, 'u24') and not isinstance(type_, Con) and elements else None
        if words is not None:
            self.write_chain('List', words)
            return
        if kind is None and any(type(number) is int and number < 0 for number in elements):
            kind = 'i24'
        if not isinstance(type_, Con) and elements and all(type(number) in _NUMBERS for number in elements):
            self.write_chain('List', [_number_word(number, kind if kind and type(number) is int else _kind_of(number),
                                                   None) for number in elements])
            return
        cons, nil = self.shape('List/Cons'), self.shape('List/Nil')

        def make(ports: list[Port]) -> Port:
            tail = self.data.constructor(nil, ())
            for port in reversed(ports):
                tail = self.data.constructor(cons, (port, tail))
            return tail

        self.join(value, [_Write(part, element, kind) for part in elements], make)

    def write_nat(self, value: int) -> None:
        """A natural number."""
        port = self.data.constructor(self.shape('Nat/Zero'), ())
        successor = self.shape('Nat/Succ')
        for _ in range(value):
            port = self.data.constructor(successor, (port,))
        self.done.append(port)

    def write_map(self, value: Mapping[Any, Any], element: Type | None) -> None:
        """A map: a binary tree by the bits of the keys, the lowest first."""
        keys: list[int] = []
        for key in map(_plain, value):
            if not isinstance(key, int) or isinstance(key, bool | I24):
                raise TypeError(f'the keys of a map are u24 numbers, not {_named(key)}')
            keys.append(checked(key, 'u24', 0, MAX_U24))
        kind: Kind | None = 'i24' if any(type(part) is int and part < 0 for part in value.values()) else None
        parts = [_Write(part, element, kind) for part in value.values()]
        self.join(value, parts, lambda ports: self.make_map(dict(zip(keys, ports, strict=True))))

    # ---- making ----

    def shape(self, name: str) -> ConstructorShape:
        """A constructor by name."""
        found = self.interface.constructor(name)
        if found is None:
            hint = did_you_mean(name, self.interface.constructors)
            raise ValueError(f"there is no constructor '{name}' in the program{'. ' + hint if hint else ''}")
        return found

    def make_tuple(self, ports: list[Port]) -> Port:
        """Pairs, nested to the right."""
        port = ports[-1]
        for element in reversed(ports[:-1]):
            port = self.data.maker.pair(element, port)
        return port

    def make_map(self, entries: Mapping[int, Port]) -> Port:
        """The tree of a map. It is as deep as keys have bits."""
        if not entries:
            return self.data.constructor(self.shape('Map/Leaf'), ())
        left = self.make_map({key >> 1: port for key, port in entries.items() if key and not key & 1})
        right = self.make_map({key >> 1: port for key, port in entries.items() if key & 1})
        if 0 in entries:
            value = self.data.constructor(self.shape('Maybe/Some'), (entries[0],))
        else:
            value = self.data.constructor(self.shape('Maybe/None'), ())
        return self.data.constructor(self.shape('Map/Node'), (value, left, right))


_NUMBERS = (int, float, bool, U24, I24, F24)


def _number_word(value: Any, kind: str, type_: Con | None) -> int:
    """The word of a number of a kind."""
    if kind == 'f24':
        _expect(isinstance(value, int | float) and not isinstance(value, bool | U24 | I24 | Nat), value, type_)
        return num.make_word(_float_bits(value), num.F24)
    if kind == 'i24':
        _expect(isinstance(value, int) and not isinstance(value, bool | U24 | Nat), value, type_)
        return num.make_word(checked(value, kind, MIN_I24, MAX_I24), num.I24)
    _expect(isinstance(value, int) and not isinstance(value, I24 | Nat), value, type_)
    return num.make_word(checked(value, kind, 0, MAX_U24), num.U24)


def _u24_words(elements: Sequence[Any]) -> list[int] | None:
    """The words of plain integers that are all u24, made at once; None if some element is anything else."""
    if set(map(type, elements)) - {int} or min(elements, default=0) < 0 or max(elements, default=0) > MAX_U24:
        return None
    return [number << num.TYPE_BITS | num.U24 for number in elements]


def _float_bits(value: float) -> int:
    """The bits of a float; raises ValueError for one that is too large."""
    try:
        number = float(value)
    except OverflowError:
        number = f24.unpack_f24(f24.INFINITY)
        finite = True
    else:
        finite = number - number == 0.0
    bits = f24.pack_f24(number)
    if finite and bits & 0x7FFFFF == f24.INFINITY:
        raise ValueError(f'{value} is no f24: it is too large')
    return bits


def _kind_of(value: float) -> Kind:
    """The kind of a number of which nothing else is known."""
    if isinstance(value, float):
        return 'f24'
    return 'i24' if isinstance(value, I24) or (value < 0 and not isinstance(value, U24)) else 'u24'


def _is_numpy(value: object) -> bool:
    return type(value).__module__.partition('.')[0] == 'numpy' and hasattr(value, 'dtype') and hasattr(value, 'ndim')


def _plain(value: object) -> object:
    """A number of numpy's as one of Python's; everything else as it is."""
    if _is_numpy(value) and getattr(value, 'ndim', None) == 0:
        return value.item()  # type: ignore[attr-defined]
    return value


def _is_list(value: object) -> bool:
    """Whether a value is passed as a list."""
    return isinstance(value, list | range | bytes | bytearray) or _is_numpy(value)


def _elements(value: Any, kind: Kind | None) -> tuple[Sequence[Any], Kind | None]:
    """The elements of a list, and the kind of plain integers in it. An array of numpy's has one kind, whatever its
    number of dimensions."""
    if not _is_numpy(value):
        return value, kind
    code = value.dtype.kind
    if code not in 'buif':
        raise TypeError(f'an array of the type {value.dtype} cannot be passed to Bend')
    if code == 'i':
        kind = 'i24' if value.size and value.min() < 0 else 'u24'
    return value.tolist(), kind


def _expect(condition: bool, value: object, type_: Con | None) -> None:
    if not condition:
        raise TypeError(_mismatch(value, type_))


def _mismatch(value: object, type_: Con | None) -> str:
    if type_ is None:
        return f'{_named(value)} cannot be passed to Bend'
    return f'expected {_shown(type_)}, got {_named(value)}'


def _named(value: object) -> str:
    if value is None:
        return 'None'
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"


def _shown(type_: Type) -> str:
    return Namer(type_).show(type_)


# ---- Bend to Python --------------------------------------------------------------------------


def read(term: result.Term, info: BookInfo) -> Any:
    """The value of a term of a result. What is no data becomes a `Term`, which shows it."""
    todo: list[result.Term | _Build] = [term]
    done: list[Any] = []
    while todo:
        step = todo.pop()
        if isinstance(step, _Build):
            cut = len(done) - step.count
            done[cut:] = [step.make(done[cut:])]
            continue
        parts, make = _parts(step, info)
        todo.append(_Build(len(parts), make))
        todo.extend(reversed(parts))
    return done[0]


@dataclass(frozen=True, slots=True)
class _Build:
    """Makes one value of the last `count` ones."""

    count: int
    make: Callable[[list[Any]], Any]


def _parts(term: result.Term, info: BookInfo) -> tuple[Sequence[result.Term], Callable[[list[Any]], Any]]:
    """The parts of a term, and what makes its value of theirs."""
    match term:
        case result.Number(word):
            number = read_number(word)
            return (), lambda _: number
        case result.Eraser():
            return (), lambda _: None
        case result.Pair():
            return _tuple_elements(term), tuple
        case result.Constructor('List/Cons' | 'String/Cons'):
            return _cells(term)
        case result.Constructor('Nat/Succ'):
            return _successors(term)
        case result.Constructor('Map/Node', (_, _, _) as fields):
            return fields, _map_node
        case result.Constructor(name, fields):
            shown = name.removeprefix(HIDDEN)
            return fields, lambda values: constructor(shown, tuple(values))
        case result.Reference(name) if name in info.constructors and info.constructors[name].arity == 0:
            empty = _EMPTY.get(name)
            return (), lambda _: constructor(name.removeprefix(HIDDEN), ()) if empty is None else empty()
        case result.Reference(name) if name.endswith('/tag') and name.removesuffix('/tag') in info.constructors:
            tag = info.constructors[name.removesuffix('/tag')].tag
            return (), lambda _: tag
        case _:
            return (), lambda _: Term(show(term, 'default', False, info))


_EMPTY: Mapping[str, Callable[[], Any]] = {
    'List/Nil': list, 'String/Nil': str, 'Map/Leaf': dict, 'Nat/Zero': lambda: Nat(0)}


def read_number(word: int) -> int | float:
    """A number: a plain int, an `I24` or a plain float."""
    payload, kind = word >> num.TYPE_BITS, word & num.TYPE_MASK
    if kind == num.F24:
        return f24.unpack_f24(payload)
    return payload if kind == num.U24 else I24(num.signed(payload))


def _tuple_elements(term: result.Term) -> list[result.Term]:
    elements: list[result.Term] = []
    while isinstance(term, result.Pair):
        elements.append(term.first)
        term = term.second
    return [*elements, term]


def _cells(term: result.Constructor) -> tuple[Sequence[result.Term], Callable[[list[Any]], Any]]:
    """A list or a string, up to what is no cell of it; where that is not its end, the cells stay constructors."""
    cell = term.name
    heads: list[result.Term] = []
    rest: result.Term = term
    while isinstance(rest, result.Constructor) and rest.name == cell and len(rest.fields) == 2:
        heads.append(rest.fields[0])
        rest = rest.fields[1]

    def make(values: list[Any]) -> Any:
        end = values.pop()
        if cell == 'List/Cons' and end == [] and type(end) is list:
            return values
        if cell == 'String/Cons' and end == '' and type(end) is str and all(map(_is_point, values)):
            return ''.join(map(chr, values))
        for value in reversed(values):
            end = constructor(cell, (value, end))
        return end

    return [*heads, rest], make


def _is_point(value: object) -> bool:
    return type(value) is int and value <= sys.maxunicode


def _successors(term: result.Constructor) -> tuple[Sequence[result.Term], Callable[[list[Any]], Any]]:
    """A natural number, in the same way."""
    count = 0
    rest: result.Term = term
    while isinstance(rest, result.Constructor) and rest.name == 'Nat/Succ' and len(rest.fields) == 1:
        count += 1
        rest = rest.fields[0]

    def make(values: list[Any]) -> Any:
        value, = values
        if isinstance(value, Nat):
            return Nat(count + value)
        for _ in range(count):
            value = constructor('Nat/Succ', (value,))
        return value

    return (rest,), make


def _map_node(values: list[Any]) -> Any:
    """A map, if all parts are those of one."""
    value, left, right = values
    if not (isinstance(left, dict) and isinstance(right, dict) and 0 not in left
            and (value == NOTHING or isinstance(value, Some))):
        return constructor('Map/Node', (value, left, right))
    entries = {0: value.value} if isinstance(value, Some) else {}
    entries.update((key << 1, part) for key, part in left.items())
    entries.update((key << 1 | 1, part) for key, part in right.items())
    return dict(sorted(entries.items()))
