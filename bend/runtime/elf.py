"""A shared object that gives functions of this process names, so that libraries which refer to them can be loaded.

Code that was made in memory has no place in the dynamic linker's tables. A shared object whose functions jump to given
addresses puts it there. It is written by hand, since no linker need be installed: file header, program headers, symbols
and code in one segment, the dynamic section in another.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Callable, Mapping

PAGE = 1 << 16
HEADER_BYTES, SEGMENT_BYTES, SYMBOL_BYTES, JUMP_BYTES = 64, 56, 24, 16
SHARED, VERSION = 3, 1
LOAD, DYNAMIC, GNU_STACK = 1, 2, 0x6474E551
READ_EXECUTE, READ_WRITE = 5, 6
GLOBAL_FUNCTION, DEFINED = 0x12, 1
HASH, STRINGS, SYMBOLS, STRINGS_SIZE, SYMBOL_SIZE, END = 4, 5, 6, 10, 11, 0


def _jump_x86_64(address: int) -> bytes:
    """`movabs rax, ADDRESS; jmp rax`"""
    return b'\x48\xB8' + struct.pack('<Q', address) + b'\xFF\xE0'


def _jump_aarch64(address: int) -> bytes:
    """`ldr x16, .+8; br x16`, and the address"""
    return struct.pack('<IIQ', 0x58000050, 0xD61F0200, address)


MACHINES: dict[str, tuple[int, Callable[[int], bytes]]] = {
    'x86_64': (62, _jump_x86_64), 'aarch64': (183, _jump_aarch64),
}
"""ELF's number of an architecture, and a jump on it."""


class UnknownMachine(Exception):
    """There is no rule for making shared objects on this architecture."""


def shared_object(functions: Mapping[str, int]) -> bytes:
    """The bytes of a shared object that exports functions by name, each at its address in this process. Raises
    UnknownMachine."""
    if platform.machine() not in MACHINES:
        raise UnknownMachine(platform.machine())
    machine, jump = MACHINES[platform.machine()]
    names, name_offsets = b'\0', []
    for name in functions:
        name_offsets.append(len(names))
        names += name.encode() + b'\0'
    hash_at = HEADER_BYTES + 4 * SEGMENT_BYTES
    table = _hash_table(len(functions))
    symbols_at = hash_at + len(table)
    strings_at = symbols_at + SYMBOL_BYTES * (len(functions) + 1)
    code_at = -(-(strings_at + len(names)) // JUMP_BYTES) * JUMP_BYTES
    symbols = bytes(SYMBOL_BYTES) + b''.join(
        struct.pack('<IBBHQQ', offset, GLOBAL_FUNCTION, 0, DEFINED, code_at + index * JUMP_BYTES, JUMP_BYTES)
        for index, offset in enumerate(name_offsets))
    code = b''.join(jump(address).ljust(JUMP_BYTES, b'\0') for address in functions.values())
    dynamic = b''.join(struct.pack('<QQ', key, value) for key, value in (
        (HASH, hash_at), (STRINGS, strings_at), (SYMBOLS, symbols_at), (STRINGS_SIZE, len(names)),
        (SYMBOL_SIZE, SYMBOL_BYTES), (END, 0)))
    header = struct.pack('<16sHHIQQQIHHHHHH', b'\x7fELF\x02\x01\x01', SHARED, machine, VERSION, 0, HEADER_BYTES, 0, 0,
                         HEADER_BYTES, SEGMENT_BYTES, 4, 0, 0, 0)
    segments = (_segment(LOAD, READ_EXECUTE, 0, code_at + len(code)) + _segment(LOAD, READ_WRITE, PAGE, len(dynamic))
                + _segment(DYNAMIC, READ_WRITE, PAGE, len(dynamic)) + _segment(GNU_STACK, READ_WRITE, 0, 0))
    text = (header + segments + table + symbols + names).ljust(code_at, b'\0') + code
    return text.ljust(PAGE, b'\0') + dynamic


def _segment(kind: int, access: int, offset: int, size: int) -> bytes:
    return struct.pack('<IIQQQQQQ', kind, access, offset, offset, offset, size, size, PAGE)


def _hash_table(count: int) -> bytes:
    """A hash table of one bucket: the chain of all symbols."""
    chain = [0, *range(2, count + 1), 0] if count else [0]
    return struct.pack(f'<{3 + len(chain)}I', 1, len(chain), 1 if count else 0, *chain)
