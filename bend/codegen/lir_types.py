"""The types of the low-level IR (`bend.codegen.lir`, which has these names too)."""

from __future__ import annotations

from typing import Literal, TypeAlias, final

from bend.records import dataclass

Space = Literal['generic', 'global', 'shared', 'local', 'constant']


@final
@dataclass(frozen=True, slots=True)
class Int:
    """An integer of 8, 16, 32 or 64 bits."""

    bits: int
    signed: bool = False

    def __str__(self) -> str:
        return f'{"i" if self.signed else "u"}{self.bits}'


@final
@dataclass(frozen=True, slots=True)
class BoolType:
    """A truth value; a byte in memory."""

    def __str__(self) -> str:
        return 'bool'


@final
@dataclass(frozen=True, slots=True)
class Float:
    """An IEEE binary32 or binary64."""

    bits: int

    def __str__(self) -> str:
        return f'f{self.bits}'


@final
@dataclass(frozen=True, slots=True)
class VoidType:
    """The result of a function that has none."""

    def __str__(self) -> str:
        return 'void'


@final
@dataclass(frozen=True, slots=True)
class StructName:
    """A struct type, by its name; `Module.structs` has its fields (names, so that types may be recursive)."""

    name: str

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True)
class Array:
    """A fixed number of elements, inside a struct."""

    element: Type
    count: int

    def __str__(self) -> str:
        return f'{self.element}[{self.count}]'


@final
@dataclass(frozen=True, slots=True)
class Ptr:
    """A pointer into an address space."""

    pointee: Type
    space: Space = 'generic'

    def __str__(self) -> str:
        suffix = '' if self.space == 'generic' else f' {self.space}'
        return f'{self.pointee}*{suffix}'


Type: TypeAlias = Int | BoolType | Float | VoidType | StructName | Array | Ptr

U8, U16, U32, U64 = Int(8), Int(16), Int(32), Int(64)
I8, I16, I32, I64 = Int(8, True), Int(16, True), Int(32, True), Int(64, True)
BOOL = BoolType()
F32, F64 = Float(32), Float(64)
VOID = VoidType()


def pointee(type_: Type) -> Type:
    """What a pointer type points to."""
    assert isinstance(type_, Ptr), f'{type_} is no pointer'
    return type_.pointee
