"""Debug information of LLVM for the calls of traced functions.

A line in it is no line of a file but the number of a place (`lir.Call.place`), so that places in any source, also in
code that was copied into other functions, need no table of lines of their own. LLVM keeps track of what it inlines.
Code is the same with and without; the object file gets sections that are not loaded (`.debug_line`, `.debug_info`,
`.debug_frame`), which `bend.runtime.direct.code_map` reads.
"""

from __future__ import annotations

from collections.abc import Collection

from bend.codegen import lir

FIRST = 1 << 24
"""The number of the first node; alias classes and weights have lower ones."""
UNIT, FILE, TYPE, NO_TYPES, VERSION, DWARF, SCOPES = range(FIRST, FIRST + 7)


class DebugInfo:
    """The debug information of a module, collected while it is emitted; none for those that are not traced."""

    def __init__(self, is_traced: bool) -> None:
        self._is_traced = is_traced
        self._scopes: dict[str, int] = {}

    def scope(self, function: lir.Function) -> str:
        """What belongs behind the head of a function's definition."""
        if not (function.traced and self._is_traced):
            return ''
        return f' !dbg !{self._scopes.setdefault(function.name, SCOPES + len(self._scopes))}'

    def location(self, function: lir.Function, place: int) -> str:
        """What belongs behind a call in a function. In a traced one each call needs a location, if only place 0."""
        scope = self._scopes.get(function.name)
        return '' if scope is None else f', !dbg !DILocation(line: {place}, scope: !{scope})'

    def metadata(self, functions: Collection[str]) -> list[str]:
        """The nodes that those in some functions refer to; none if none is traced."""
        scopes = {name: number for name, number in self._scopes.items() if name in functions}
        if not scopes:
            return []
        return [
            f'!llvm.dbg.cu = !{{!{UNIT}}}',
            f'!llvm.module.flags = !{{!{VERSION}, !{DWARF}}}',
            f'!{UNIT} = distinct !DICompileUnit(language: DW_LANG_C, file: !{FILE}, emissionKind: LineTablesOnly)',
            f'!{FILE} = !DIFile(filename: "places", directory: "")',
            f'!{TYPE} = !DISubroutineType(types: !{NO_TYPES})',
            f'!{NO_TYPES} = !{{null}}',
            f'!{VERSION} = !{{i32 2, !"Debug Info Version", i32 3}}',
            f'!{DWARF} = !{{i32 7, !"Dwarf Version", i32 4}}',
            *(f'!{number} = distinct !DISubprogram(name: "{_escaped(name)}", scope: !{FILE}, file: !{FILE}, '
              f'type: !{TYPE}, unit: !{UNIT}, spFlags: DISPFlagDefinition)'
              for name, number in scopes.items()),
        ]


def _escaped(name: str) -> str:
    """A name as text of LLVM between quotes."""
    return ''.join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f'\\{byte:02X}' for byte in name.encode())
