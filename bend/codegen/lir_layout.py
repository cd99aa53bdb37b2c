"""Where the parts of LIR values lie in memory."""

from __future__ import annotations

from collections.abc import Mapping

from bend.codegen.lir import Module, Struct
from bend.codegen.lir_types import Array, BoolType, Float, Int, Ptr, StructName, Type, VoidType


def struct_layout(struct: Struct, structs: Mapping[str, Struct]) -> tuple[dict[str, int], int, int]:
    """The byte offset of each field, the size and the alignment of a struct."""
    offsets: dict[str, int] = {}
    end = 0
    alignment = 1
    for name, type_ in struct.fields:
        size, align = size_and_alignment(type_, structs)
        end = -(-end // align) * align
        offsets[name] = end
        end += size
        alignment = max(alignment, align)
    return offsets, -(-end // alignment) * alignment, alignment


def word_offsets(struct: Struct, module: Module) -> dict[str, int]:
    """The offset of each field of a kernel struct in words; that of '' is its size."""
    offsets, size, _ = struct_layout(struct, {item.name: item for item in module.structs})
    return {name: offset // 8 for name, offset in {**offsets, '': size}.items()}


def size_and_alignment(type_: Type, structs: Mapping[str, Struct]) -> tuple[int, int]:
    """The bytes that a value of a type takes in memory, and what its address is a multiple of."""
    match type_:
        case Int(bits) | Float(bits):
            return bits // 8, bits // 8
        case BoolType():
            return 1, 1
        case Ptr():
            return 8, 8
        case Array(element, count):
            size, alignment = size_and_alignment(element, structs)
            return size * count, alignment
        case StructName(name):
            _, size, alignment = struct_layout(structs[name], structs)
            return size, alignment
        case VoidType():
            raise ValueError('void has no size')
