"""What names mean in kernel modules: constants, structs, functions and the names of `bend.runtime.kernel.lang`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bend.codegen import lir
from bend.records import dataclass

KERNEL_PACKAGE = 'bend.runtime.kernel'
LANG_MODULE = 'bend.runtime.kernel.lang'

SCALARS: Mapping[str, lir.Type] = {
    'u8': lir.U8, 'u16': lir.U16, 'u32': lir.U32, 'u64': lir.U64,
    'i8': lir.I8, 'i16': lir.I16, 'i32': lir.I32, 'i64': lir.I64,
    'f32': lir.F32, 'f64': lir.F64, 'bool': lir.BOOL,
}
ORDERS: Mapping[str, lir.Order] = {
    'RELAXED': 'relaxed', 'ACQUIRE': 'acquire', 'RELEASE': 'release', 'ACQ_REL': 'acq_rel', 'SEQ_CST': 'seq_cst',
}
POINTERS: Mapping[str, lir.Space] = {'Ptr': 'generic', 'Global': 'global', 'Shared': 'shared'}
SCOPES: Mapping[str, lir.Scope] = {'BLOCK': 'block', 'DEVICE': 'device', 'SYSTEM': 'system'}
RMW_OPS: Mapping[str, lir.RmwOp] = {
    'atomic_xchg': 'xchg', 'atomic_add': 'add', 'atomic_sub': 'sub', 'atomic_and': 'and', 'atomic_or': 'or',
    'atomic_xor': 'xor', 'atomic_max': 'max', 'atomic_min': 'min',
}
DECORATORS = frozenset({'struct', 'inline', 'noinline', 'noreturn', 'export', 'extern'})
# The struct of this name in whichever engine is compiled along.
WORKER = 'Worker'
OPERATIONS = frozenset({
    'addr', 'cast', 'sizeof', 'atomic_load', 'atomic_store', 'atomic_cas', 'fence', 'f32_bits', 'bits_f32', 'f64_bits',
    'bits_f64', *RMW_OPS, *lir.INTRINSICS,
})
LANG_NAMES = DECORATORS | OPERATIONS | {
    'Array', WORKER, *SCALARS, *ORDERS, *SCOPES, *POINTERS,
}


class KernelError(Exception):
    """A kernel module is wrong; says where and what."""

    def __init__(self, file: str, line: int, message: str) -> None:
        self.file = file
        self.line = line
        self.message = message
        super().__init__(f'{file}:{line}: {message}')


@dataclass(frozen=True, slots=True)
class Constant:
    """A module constant; without a type it adapts to where it is used, as a literal does."""

    value: int | float
    type: lir.Type | None


@dataclass(frozen=True, slots=True)
class LangName:
    """A name of the language."""

    name: str


@dataclass(frozen=True, slots=True)
class StructEntity:
    """A struct, whose fields may not be known yet."""

    name: str


@dataclass(frozen=True, slots=True)
class FunctionEntity:
    """A function with its signature; the body is lowered later."""

    function: lir.Function
    node: ast.FunctionDef


Entity: TypeAlias = Constant | LangName | StructEntity | FunctionEntity

_FOLDS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod, ast.Div: operator.truediv, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
    ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
}


class Scope:
    """The names of one module."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.names: dict[str, Entity] = {}

    def error(self, node: ast.AST, message: str) -> KernelError:
        """What is wrong at a node, to be raised."""
        return KernelError(self.file, getattr(node, 'lineno', 0), message)

    def lang_name(self, node: ast.expr) -> str | None:
        """The language's name for what a node names, if it is one of its names."""
        if isinstance(node, ast.Name):
            if node.id == 'bool':
                return 'bool'
            entity = self.names.get(node.id)
            if isinstance(entity, LangName):
                return entity.name
        return None

    def fold(self, node: ast.expr, *, typed: bool = False) -> int | float | None:
        """The value of a constant expression, or None. Constants with a type count only if `typed`."""
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return value
            case ast.Name(id=name):
                entity = self.names.get(name)
                if isinstance(entity, Constant) and (typed or entity.type is None):
                    return entity.value
                return None
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                positive = self.fold(operand, typed=typed)
                return None if positive is None else -positive
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                word = self.fold(operand, typed=typed)
                return ~word if isinstance(word, int) else None
            case ast.BinOp(left=left, op=op, right=right):
                first = self.fold(left, typed=typed)
                second = self.fold(right, typed=typed) if first is not None else None
                if first is None or second is None:
                    return None
                try:
                    result: int | float = _FOLDS[type(op)](first, second)
                except (KeyError, ArithmeticError, TypeError, ValueError) as error:
                    raise self.error(node, 'this constant cannot be computed') from error
                return result
            case _:
                return None

    def type_of(self, node: ast.expr | None) -> lir.Type:
        """The type that an annotation stands for."""
        match node:
            case None | ast.Constant(value=None):
                return lir.VOID
            case ast.Constant(value=str() as text):
                return self.type_of(ast.copy_location(ast.parse(text, mode='eval').body, node))
            case ast.Subscript(value=base, slice=inner):
                return self._generic_type(node, self.lang_name(base), inner)
            case ast.Name(id=name):
                word = self.lang_name(node)
                if word is not None and word in SCALARS:
                    return SCALARS[word]
                if word == WORKER or isinstance(self.names.get(name), StructEntity):
                    return lir.StructName(name)
        raise self.error(node, f'{ast.unparse(node)} is no type (a scalar, a struct, Ptr[T] or Array[T, n])')

    def _generic_type(self, node: ast.expr, base: str | None, inner: ast.expr) -> lir.Type:
        if base is not None and base in POINTERS:
            return lir.Ptr(self.type_of(inner), POINTERS[base])
        if base == 'Array' and isinstance(inner, ast.Tuple) and len(inner.elts) == 2:
            count = self.fold(inner.elts[1], typed=True)
            if not isinstance(count, int) or count < 1:
                raise self.error(node, 'the length of an Array must be a positive constant')
            return lir.Array(self.type_of(inner.elts[0]), count)
        raise self.error(node, f'{ast.unparse(node)} is no type (Ptr[T] or Array[T, n] may have brackets)')


def constant(value: int | float, type_: lir.Type) -> lir.Const | None:
    """A literal as a constant of a type; None if it does not fit."""
    match type_:
        case lir.BoolType():
            return lir.Const(value, type_) if isinstance(value, bool) else None
        case lir.Int(bits, signed):
            if isinstance(value, bool) or not isinstance(value, int):
                return None
            low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
            return lir.Const(value, type_) if low <= value < high else None
        case lir.Float():
            return None if isinstance(value, bool) else lir.Const(float(value), type_)
        case lir.Ptr():
            return lir.Const(0, type_) if value == 0 and not isinstance(value, bool) else None
        case _:
            return None
