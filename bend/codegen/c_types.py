"""Types of LIR as C writes them.

The 64-bit fields of structs have a type of their own, `word`, so that C compilers know that a store to a cell changes
none of them: LIR promises that a pointer to a field serves only atomic accesses and calls.
"""

from __future__ import annotations

from collections.abc import Mapping

from bend.codegen import lir


def c_type(type_: lir.Type, structs: Mapping[str, str]) -> str:
    """The type of a value; `structs` are the identifiers of structs."""
    match type_:
        case lir.Int() | lir.Float() | lir.BoolType() | lir.VoidType():
            return str(type_)
        case lir.StructName(name):
            return structs[name]
        case lir.Ptr(pointee):
            inner = c_type(pointee.element if isinstance(pointee, lir.Array) else pointee, structs)
            return f'{inner}*' if inner.endswith('*') else f'{inner} *'
        case lir.Array():
            raise ValueError('an array is no value')


def declaration(type_: lir.Type, name: str, structs: Mapping[str, str]) -> str:
    """The declaration of a variable or parameter, without a semicolon."""
    text = c_type(type_, structs)
    return f'{text}{name}' if text.endswith('*') else f'{text} {name}'


def field_declaration(type_: lir.Type, name: str, structs: Mapping[str, str]) -> str:
    """The declaration of a field of a struct."""
    match type_:
        case lir.Array(element, count):
            return f'{field_declaration(element, name, structs)}[{count}]'
        case lir.U64:
            return f'word {name}'
        case _:
            return declaration(type_, name, structs)
