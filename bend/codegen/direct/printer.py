"""The intermediate form of the direct engine as text, for people."""

from __future__ import annotations

from collections.abc import Iterator

from bend.codegen.direct import ir
from bend.hvm.numbers import show_literal


def print_program(program: ir.Program) -> str:
    """All functions of a program."""
    return '\n\n'.join(print_function(function) for function in program.functions.values()) + '\n'


def print_function(function: ir.Function) -> str:
    """A function."""
    head = ' '.join((function.name, *function.parameters))
    return '\n'.join((f'{head} =', *_block(function.body, 1)))


def print_atom(atom: ir.Atom) -> str:
    """An atom; references have a mark."""
    match atom:
        case ir.Var(name):
            return name
        case ir.Num(word):
            return show_literal(word)
        case ir.Reference(name):
            return f'@{name}'
        case ir.Nullary(constructor):
            return constructor
        case ir.Eraser():
            return '*'


def print_operation(operation: ir.Operation) -> str:
    """An operation without blocks."""
    atoms = ' '.join(map(print_atom, ir.atoms_of(operation)))
    match operation:
        case ir.Call(name) | ir.Partial(name) | ir.Construct(name):
            kind = {ir.Call: '', ir.Partial: 'partial ', ir.Construct: ''}[type(operation)]
            return f'{kind}{name} {atoms}'
        case ir.Operate(code):
            return f'operate {code} {atoms}'
        case ir.Cast(kind):
            return f'cast {kind} {atoms}'
        case ir.Count(calls):
            return f'count {calls}'
        case ir.Fork(first, calls):
            return ' | '.join(map(print_operation, (first, *calls)))
        case _:
            return f'{type(operation).__name__.lower()} {atoms}'


def _block(block: ir.Block, depth: int) -> Iterator[str]:
    indent = '  ' * depth
    for binding in block.bindings:
        names = ', '.join(binding.names)
        if isinstance(binding.operation, ir.Count):
            yield f'{indent}{print_operation(binding.operation)}'
        elif isinstance(binding.operation, ir.Nested):
            yield f'{indent}{names} ='
            yield from _block(binding.operation.block, depth + 1)
        else:
            yield f'{indent}{names} = {print_operation(binding.operation)}'
    yield from _end(block.end, depth)


def _end(end: ir.End, depth: int) -> Iterator[str]:
    indent = '  ' * depth
    match end:
        case ir.Return(value):
            yield f'{indent}{print_atom(value)}'
        case ir.Returns((first, second)):
            yield f'{indent}{print_atom(first)}, {print_atom(second)}'
        case ir.Do(operation):
            yield f'{indent}do {print_operation(operation)}'
        case ir.Switch(value, zero, predecessor, successor):
            yield f'{indent}switch {print_atom(value)}'
            yield f'{indent}0:'
            yield from _block(zero, depth + 1)
            yield f'{indent}1+{predecessor}:'
            yield from _block(successor, depth + 1)
        case ir.Match(value, arms):
            yield f'{indent}match {print_atom(value)}'
            for arm in arms:
                yield f'{indent}{" ".join((arm.constructor, *arm.fields))}:'
                yield from _block(arm.block, depth + 1)
        case ir.Wrong():
            yield f'{indent}wrong'
