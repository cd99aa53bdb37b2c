"""One object file of WebAssembly to a module that engines run.

There is one file, so that nothing has to be numbered anew. What is left of linking: functions with a name that others
see are exported; data moves to where the stack of LLVM ends; the pointer of that stack becomes a global of the module;
and numbers that LLVM has padded to five bytes become as short as they can be.

What is in an object file: "WebAssembly Object File Linking" in the conventions of WebAssembly's tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bend.records import dataclass

HEADER = b'\0asm\1\0\0\0'
CUSTOM, IMPORT, GLOBAL, EXPORT, CODE, DATA, DATA_COUNT = 0, 2, 6, 7, 10, 11, 12
ORDER = (1, 2, 3, 4, 5, GLOBAL, EXPORT, 8, 9, CODE, DATA)
"""The sections of a module in the order in which they have to stand."""
IN_FUNCTIONS, IN_TABLES, IN_MEMORIES, IN_GLOBALS = range(4)
"""What is imported, or exported."""
STACK_POINTER = '__stack_pointer'
SYMBOL_TABLE = 8
SYMBOL_FUNCTION, SYMBOL_DATA, SYMBOL_SECTION = 0, 1, 3
LOCAL, UNDEFINED, EXPLICIT_NAME = 0x02, 0x10, 0x40
MEMORY_ADDRESSES = {3: False, 4: True}
"""Relocations of addresses in code, and whether these are written as signed numbers."""
INDICES = {0: False, 6: False, 7: False, 20: False}
"""Those of indices of functions, types, globals and tables, which stay what they are."""
PADDED = 5
I32, MUTABLE, I32_CONST, END = 0x7F, 1, 0x41, 0x0B


class LinkError(Exception):
    """An object file has something in it that the emitter makes none of."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A module; the numbers of its functions by their names, imported ones included; and where memory is not used by
    it any more."""

    module: bytes
    functions: Mapping[str, int]
    memory_start: int


def link(object_file: bytes, stack: int, sections: Mapping[str, bytes]) -> Linked:
    """The module of an object file, with so many bytes of stack at the beginning of memory (a multiple of 16), and with
    custom sections. Raises LinkError."""
    if not object_file.startswith(HEADER):
        raise LinkError('no object file of WebAssembly')
    parts, custom = _sections(object_file)
    functions, exported = _symbols(custom['linking'])
    parts[IMPORT], has_stack = _without_stack_pointer(parts[IMPORT])
    if has_stack:
        if GLOBAL in parts:
            raise LinkError('globals')
        parts[GLOBAL] = b'\1' + bytes((I32, MUTABLE, I32_CONST)) + _signed(stack) + bytes((END,))
    parts[EXPORT] = _vector([_name(name) + bytes((IN_FUNCTIONS,)) + _unsigned(functions[name]) for name in exported])
    parts[CODE] = _code(parts[CODE], custom.get('reloc.CODE', b''), stack)
    end = stack
    if DATA in parts:
        if 'reloc.DATA' in custom:
            raise LinkError('addresses in data')
        parts[DATA], end = _data(parts[DATA], stack)
        parts.pop(DATA_COUNT, None)
    module = b''.join((HEADER, *(_section(number, parts[number]) for number in ORDER if number in parts),
                       *(_section(CUSTOM, _name(name) + data) for name, data in sections.items())))
    return Linked(module, functions, end)


# ---- reading -------------------------------------------------------------------------------------


class _Reader:
    """Reads a section from its beginning."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count:self.at]

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self) -> int:
        start = self.at
        value = self.unsigned()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> bits - 1 else value

    def name(self) -> str:
        return self.bytes(self.unsigned()).decode()

    def limits(self) -> None:
        if self.byte() & 1:
            self.unsigned()
        self.unsigned()


def _sections(object_file: bytes) -> tuple[dict[int, bytes], dict[str, bytes]]:
    """The sections of an object file by their numbers, and custom ones by their names."""
    reader = _Reader(object_file, len(HEADER))
    parts: dict[int, bytes] = {}
    custom: dict[str, bytes] = {}
    while reader.at < len(object_file):
        number = reader.byte()
        data = reader.bytes(reader.unsigned())
        if number == CUSTOM:
            inner = _Reader(data)
            name = inner.name()
            custom[name] = data[inner.at:]
        elif number in ORDER or number == DATA_COUNT:
            parts[number] = data
        else:
            raise LinkError(f'section {number}')
    return parts, custom


def _symbols(linking: bytes) -> tuple[dict[str, int], list[str]]:
    """The numbers of functions, and the names of those that are to be exported."""
    reader = _Reader(linking)
    reader.unsigned()
    functions: dict[str, int] = {}
    exported: list[str] = []
    while reader.at < len(linking):
        kind, size = reader.byte(), reader.unsigned()
        if kind != SYMBOL_TABLE:
            reader.bytes(size)
            continue
        for _ in range(reader.unsigned()):
            symbol, flags = reader.byte(), reader.unsigned()
            if symbol == SYMBOL_DATA:
                name = reader.name()
                if flags & UNDEFINED:
                    raise LinkError(f'the data {name}, which is not there')
                for _ in range(3):
                    reader.unsigned()
                continue
            number = reader.unsigned()
            if symbol == SYMBOL_SECTION or (flags & UNDEFINED and not flags & EXPLICIT_NAME):
                continue
            name = reader.name()
            if symbol == SYMBOL_FUNCTION:
                functions[name] = number
                if not flags & (LOCAL | UNDEFINED):
                    exported.append(name)
    return functions, sorted(exported)


def _relocations(section: bytes) -> Iterator[tuple[int, int]]:
    """The places in a section that name others, in their order, and whether they are addresses, and signed."""
    reader = _Reader(section)
    if not section:
        return
    reader.unsigned()
    for _ in range(reader.unsigned()):
        kind, offset = reader.byte(), reader.unsigned()
        reader.unsigned()
        if kind in MEMORY_ADDRESSES:
            reader.signed()
        elif kind not in INDICES:
            raise LinkError(f'relocation {kind}')
        yield kind, offset


# ---- changing ------------------------------------------------------------------------------------


def _without_stack_pointer(imports: bytes) -> tuple[bytes, bool]:
    """The imports without the pointer of LLVM's stack, and whether it was there."""
    reader = _Reader(imports)
    kept: list[bytes] = []
    has_stack = False
    for _ in range(reader.unsigned()):
        start = reader.at
        reader.name()
        name, kind = reader.name(), reader.byte()
        if kind == IN_FUNCTIONS:
            reader.unsigned()
        elif kind == IN_MEMORIES:
            reader.limits()
        elif kind == IN_GLOBALS and name == STACK_POINTER:
            reader.bytes(2)
            has_stack = True
            continue
        else:
            raise LinkError(f'the import {name}')
        kept.append(imports[start:reader.at])
    return _vector(kept), has_stack


def _code(section: bytes, relocations: bytes, base: int) -> bytes:
    """The functions with addresses that begin at a base."""
    places = list(_relocations(relocations))
    places.reverse()
    reader = _Reader(section)
    bodies: list[bytes] = []
    for _ in range(reader.unsigned()):
        size = reader.unsigned()
        end = reader.at + size
        body = bytearray()
        while places and places[-1][1] < end:
            kind, offset = places.pop()
            body += section[reader.at:offset]
            reader.at = offset
            if kind in MEMORY_ADDRESSES:
                is_signed = MEMORY_ADDRESSES[kind]
                address = (reader.signed() if is_signed else reader.unsigned()) + base
                body += _signed(address) if is_signed else _unsigned(address)
            else:
                body += _unsigned(reader.unsigned())
            assert reader.at == offset + PADDED
        body += section[reader.at:end]
        reader.at = end
        bodies.append(_unsigned(len(body)) + bytes(body))
    return _vector(bodies)


def _data(section: bytes, base: int) -> tuple[bytes, int]:
    """The segments of data, which begin at a base, and where they end."""
    reader = _Reader(section)
    segments: list[bytes] = []
    last = base
    for _ in range(reader.unsigned()):
        if reader.unsigned() != 0 or reader.byte() != I32_CONST:
            raise LinkError('a segment of data')
        start = reader.signed() + base
        if reader.byte() != END:
            raise LinkError('where a segment of data is')
        data = reader.bytes(reader.unsigned())
        last = max(last, start + len(data))
        # Memory is zero at first.
        if any(data):
            place = bytes((0, I32_CONST)) + _signed(start) + bytes((END,))
            segments.append(place + _unsigned(len(data)) + data)
    return _vector(segments), last


# ---- writing -------------------------------------------------------------------------------------


def _unsigned(value: int) -> bytes:
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _signed(value: int) -> bytes:
    data = bytearray()
    while not -0x40 <= value < 0x40:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value & 0x7F)
    return bytes(data)


def _name(text: str) -> bytes:
    data = text.encode()
    return _unsigned(len(data)) + data


def _vector(items: Sequence[bytes]) -> bytes:
    return _unsigned(len(items)) + b''.join(items)


def _section(number: int, data: bytes) -> bytes:
    return bytes((number,)) + _unsigned(len(data)) + data
