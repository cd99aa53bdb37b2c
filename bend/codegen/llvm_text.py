"""Names, types and constants of LIR as LLVM writes them."""

from __future__ import annotations

import re
import struct as pack
from functools import lru_cache

from bend.codegen import lir

_PLAIN_NAME = re.compile(r'[A-Za-z_.$][A-Za-z0-9_.$]*\Z')
SPACES: dict[lir.Space, int] = {'generic': 0, 'global': 1, 'shared': 3, 'constant': 4, 'local': 5}


@lru_cache(maxsize=4096)
def quoted(name: str) -> str:
    """A name as LLVM wants it after `@` or `%`."""
    if _PLAIN_NAME.match(name):
        return name
    data = name.encode()
    return '"' + ''.join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f'\\{b:02X}' for b in data) + '"'


def value_type(type_: lir.Type) -> str:
    """The LLVM type of a value."""
    match type_:
        case lir.Int(bits):
            return f'i{bits}'
        case lir.Ptr(_, space):
            return 'ptr' if space == 'generic' else f'ptr addrspace({SPACES[space]})'
        case lir.Float(bits):
            return 'float' if bits == 32 else 'double'
        case lir.BoolType():
            return 'i1'
        case lir.VoidType():
            return 'void'
        case _:
            return memory_type(type_)


def memory_type(type_: lir.Type) -> str:
    """The LLVM type of a value in memory: a bool takes a byte."""
    match type_:
        case lir.BoolType():
            return 'i8'
        case lir.StructName(name):
            return f'%{quoted("struct." + name)}'
        case lir.Array(element, count):
            return f'[{count} x {memory_type(element)}]'
        case _:
            return value_type(type_)


def extension(type_: lir.Type) -> str:
    """What the C calling convention asks of small integers."""
    match type_:
        case lir.BoolType():
            return 'zeroext '
        case lir.Int(bits, signed) if bits < 32:
            return 'signext ' if signed else 'zeroext '
        case _:
            return ''


def constant(value: int | float, type_: lir.Type) -> str:
    """A constant as an LLVM operand."""
    match type_:
        case lir.Int():
            return str(int(value))
        case lir.BoolType():
            return 'true' if value else 'false'
        case lir.Float(bits):
            number = float(value)
            if bits == 32:
                number = _round_to_binary32(number)
            return f'0x{pack.unpack("<Q", pack.pack("<d", number))[0]:016X}'
        case lir.Ptr():
            return 'null' if value == 0 else f'inttoptr (i64 {int(value)} to {value_type(type_)})'
        case _:
            raise ValueError(f'no constants of type {type_}')


def _round_to_binary32(number: float) -> float:
    """The nearest binary32; what is too large becomes infinite."""
    try:
        return float(pack.unpack('<f', pack.pack('<f', number))[0])
    except OverflowError:
        return float('inf') if number > 0 else float('-inf')
