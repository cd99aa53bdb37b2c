"""What debug information says of machine code: how large frames are, and which calls an address belongs to.

The object file of a program is read as it lies in the cache, with addresses where the code was loaded. Lines in it are
numbers of places (`bend.codegen.debug_info`). Only runs that end with an error need this module, which takes long to
import.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field
from io import BytesIO
from typing import Any

from elftools.dwarf.callframe import FDE
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.elffile import ELFFile

from bend.records import dataclass

SYMBOL_BYTES, VALUE_OFFSET = 24, 8
STACK_POINTERS = {'x64': 7, 'AArch64': 31}
"""The number of the stack pointer in DWARF, by architecture."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of a function at some address: its bytes, from the stack pointer to the caller's, and where in it the
    return address lies."""

    size: int
    return_address: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was under way: in which function of LIR, at which place (0: unknown)."""

    function: str
    place: int


@dataclass(frozen=True, slots=True)
class _Scope:
    """A function, or a copy of one that was inlined at the place `call`, and what was inlined into it."""

    function: str
    ranges: tuple[tuple[int, int], ...]
    call: int = 0
    inner: tuple[_Scope, ...] = ()

    def holds(self, address: int) -> bool:
        return any(start <= address < end for start, end in self.ranges)


@dataclass
class CodeMap:
    """The code of a program where it was loaded, from one or more object files. `address_of` gives the addresses of
    functions, and raises KeyError."""

    objects: Sequence[bytes]
    address_of: Callable[[str], int]
    _rows: dict[int, list[dict[Any, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._functions: list[tuple[int, int, str]] = []
        self._frames: list[tuple[int, Any]] = []
        self._lines: list[tuple[int, bool, int]] = []
        self._scopes: list[_Scope] = []
        for object_code in self.objects:
            self._read(ELFFile(BytesIO(_placed(object_code, self.address_of))))
        self._functions.sort()
        self._frames.sort(key=lambda item: item[0])
        self._lines.sort(key=lambda line: line[:2])

    def _read(self, file: ELFFile) -> None:
        """Takes in an object file."""
        self._stack_pointer = STACK_POINTERS.get(file.get_machine_arch())
        self._functions += [(symbol['st_value'], symbol['st_value'] + symbol['st_size'], symbol.name)
                            for symbol in _symbols(file).iter_symbols() if symbol['st_info']['type'] == 'STT_FUNC']
        if not file.has_dwarf_info():
            return
        dwarf = file.get_dwarf_info()
        self._frames += [(entry['initial_location'], entry) for entry in dwarf.CFI_entries() if isinstance(entry, FDE)]
        for unit in dwarf.iter_CUs():
            self._lines += _lines(dwarf.line_program_for_CU(unit))
            self._scopes += _Scopes(dwarf, unit.get_top_DIE()).of(unit.get_top_DIE())

    def function(self, address: int) -> str:
        """The name of the function whose code is at an address; empty if there is none."""
        index = bisect_right(self._functions, address, key=lambda item: item[0]) - 1
        if index < 0 or address >= self._functions[index][1]:
            return ''
        return self._functions[index][2]

    def frame(self, address: int) -> Frame | None:
        """The frame that a function has at an address; None if that is not known."""
        rows = self._rows_at(address)
        index = bisect_right(rows, address, key=lambda row: int(row['pc'])) - 1
        return None if index < 0 else self._frame_of(rows[index])

    def whole_frame(self, function: str) -> Frame | None:
        """The frame of a function behind its prologue; None if that is not known. Raises KeyError."""
        frames = [self._frame_of(row) for row in self._rows_at(self.address_of(function))]
        return max((frame for frame in frames if frame is not None), key=lambda frame: frame.size, default=None)

    def calls(self, address: int) -> tuple[Call, ...]:
        """The calls that code at an address belongs to, innermost first: those in functions that were inlined, then the
        one in the function itself."""
        found: list[_Scope] = []
        scopes: tuple[_Scope, ...] = tuple(self._scopes)
        while inside := next((scope for scope in scopes if scope.holds(address)), None):
            found.append(inside)
            scopes = inside.inner
        # Functions into which nothing was inlined are no scopes.
        functions = [scope.function for scope in found] or [self.function(address)]
        places = [*(scope.call for scope in found[1:]), self._line(address)]
        return tuple(map(Call, functions, places))[::-1]

    def _line(self, address: int) -> int:
        index = bisect_right(self._lines, address, key=lambda line: line[0]) - 1
        return 0 if index < 0 else self._lines[index][2]

    def _rows_at(self, address: int) -> list[dict[Any, Any]]:
        """The rows of the table of frames for the function at an address."""
        index = bisect_right(self._frames, address, key=lambda item: item[0]) - 1
        if index < 0:
            return []
        start, entry = self._frames[index]
        if address >= start + entry['address_range']:
            return []
        if start not in self._rows:
            self._rows[start] = entry.get_decoded().table
            for row in self._rows[start]:
                row.setdefault('return', row.get(entry.cie['return_address_register']))
        return self._rows[start]

    def _frame_of(self, row: dict[Any, Any]) -> Frame | None:
        rule, saved = row['cfa'], row['return']
        if rule.reg != self._stack_pointer or saved is None or saved.type != 'OFFSET':
            return None
        return Frame(rule.offset, rule.offset + saved.arg)


def _placed(object_code: bytes, address_of: Callable[[str], int]) -> bytes:
    """An object file whose symbols have the addresses at which its code was loaded, one section at a time."""
    table = _symbols(ELFFile(BytesIO(object_code)))
    symbols = list(table.iter_symbols())
    starts: dict[int, int] = {}
    for symbol in symbols:
        section, kind = symbol['st_shndx'], symbol['st_info']
        # Object files may have copies of the same function, but for those that others call.
        if kind['type'] == 'STT_FUNC' and kind['bind'] == 'STB_GLOBAL' and section not in starts:
            with suppress(KeyError):
                starts[section] = address_of(symbol.name) - symbol['st_value']
    placed = bytearray(object_code)
    for index, symbol in enumerate(symbols):
        start = starts.get(symbol['st_shndx'])
        if start is not None:
            offset = table['sh_offset'] + index * SYMBOL_BYTES + VALUE_OFFSET
            struct.pack_into('<Q', placed, offset, symbol['st_value'] + start)
    return bytes(placed)


def _symbols(file: ELFFile) -> Any:
    """The table of symbols of an object file."""
    return file.get_section_by_name('.symtab')


def _lines(program: Any) -> Iterator[tuple[int, bool, int]]:
    """From which addresses on code belongs to which place. An end comes before a beginning at the same address."""
    for entry in program.get_entries():
        state = entry.state
        if state is not None:
            yield state.address, not state.end_sequence, 0 if state.end_sequence else state.line


@dataclass
class _Scopes:
    """Reads the functions of a unit."""

    dwarf: Any
    unit: Any

    def of(self, parent: Any) -> list[_Scope]:
        """The functions, or copies of such, right inside an entry."""
        found = []
        for entry in parent.iter_children():
            ranges = self.ranges(entry)
            if entry.tag in ('DW_TAG_subprogram', 'DW_TAG_inlined_subroutine') and ranges:
                call = entry.attributes.get('DW_AT_call_line')
                found.append(_Scope(self.name(entry), ranges, 0 if call is None else call.value,
                                    tuple(self.of(entry))))
        return found

    def name(self, entry: Any) -> str:
        """What the function of an entry is called."""
        if 'DW_AT_abstract_origin' in entry.attributes:
            entry = entry.get_DIE_from_attribute('DW_AT_abstract_origin')
        name = entry.attributes.get('DW_AT_name')
        return '' if name is None else name.value.decode()

    def ranges(self, entry: Any) -> tuple[tuple[int, int], ...]:
        """The addresses of the code of an entry: from, up to."""
        attributes = entry.attributes
        if 'DW_AT_ranges' in attributes:
            base = self.unit.attributes['DW_AT_low_pc'].value if 'DW_AT_low_pc' in self.unit.attributes else 0
            return tuple(self.listed(attributes['DW_AT_ranges'].value, base))
        if 'DW_AT_low_pc' not in attributes:
            return ()
        start, end = attributes['DW_AT_low_pc'].value, attributes['DW_AT_high_pc']
        return ((start, end.value if end.form == 'DW_FORM_addr' else start + end.value),)

    def listed(self, offset: int, base: int) -> Iterator[tuple[int, int]]:
        """The ranges of a list, which are relative to a base."""
        for item in self.dwarf.range_lists().get_range_list_at_offset(offset):
            if isinstance(item, BaseAddressEntry):
                base = item.base_address
            else:
                yield base + item.begin_offset, base + item.end_offset
