"""Checks that LIR can run on a GPU, beyond what `lir_validate` asks of all LIR.

There a call keeps its caller (LLVM turns tail calls into ordinary ones), the stack of a thread is small, no library of
C is there, and memory is accessed atomically by 32 or 64 bits. What breaks these rules would end in an assembler's
complaint, in the death of the process inside LLVM, or in a kernel that runs out of its stack.
"""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.lir_calls import expressions_of, recursion
from bend.codegen.lir_intrinsics import CPU_ONLY
from bend.codegen.lir_validate import ValidationError, validate_module
from bend.codegen.lir_walk import statements_of


def validate_for_gpu(module: lir.Module) -> None:
    """Checks a module. Raises ValidationError, which names the function and says what it may not do."""
    validate_module(module)
    for function in module.functions:
        _check_function(function)
    for item in module.globals:
        if item.space in ('local', 'constant'):
            raise ValidationError(item.name, 0, f'data cannot lie in {item.space} memory')
    ring = recursion(module)
    if ring is not None:
        way = ' calls '.join((*ring, ring[0]))
        raise ValidationError(ring[0], module.function(ring[0]).line, f'no recursion on a GPU: {way}')


def _check_function(function: lir.Function) -> None:
    def fault(message: str, line: int = function.line) -> ValidationError:
        return ValidationError(function.name, line, message)

    if function.extern:
        raise fault('not defined, and a GPU has no libraries')
    if function.tail:
        raise fault('calls in the place of the caller do not exist on a GPU: they must be one loop')
    for expr in expressions_of(function):
        match expr:
            case lir.Intrinsic(name) if name in CPU_ONLY:
                raise fault(f'{name} does not exist on a GPU')
            case lir.AtomicLoad(pointer) | lir.AtomicRmw(_, pointer) | lir.CompareExchange(pointer):
                _check_atomic(function, pointer.type)
    for statement in statements_of(function.body):
        if isinstance(statement, lir.AtomicStore):
            _check_atomic(function, statement.pointer.type, statement.line)


def _check_atomic(function: lir.Function, pointer: lir.Type, line: int = 0) -> None:
    """Whether what a pointer points to can be accessed atomically."""
    assert isinstance(pointer, lir.Ptr)
    target = pointer.pointee
    if isinstance(target, lir.Int) and target.bits < 32:
        raise ValidationError(function.name, line or function.line,
                              f'no atomic access to {target} on a GPU, only to 32 or 64 bits')
    if pointer.space in ('local', 'constant'):
        raise ValidationError(function.name, line or function.line,
                              f'no atomic access to {pointer.space} memory, which no other thread sees or changes')
