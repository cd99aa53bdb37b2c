"""LIR as readable text, for dumps and tests."""

from __future__ import annotations

from collections.abc import Iterator

from bend.codegen import lir

_BINARY = {
    'add': '+', 'sub': '-', 'mul': '*', 'div': '/', 'rem': '%', 'and': '&', 'or': '|', 'xor': '^', 'shl': '<<',
    'shr': '>>',
}
_COMPARE = {'eq': '==', 'ne': '!=', 'lt': '<', 'le': '<=', 'gt': '>', 'ge': '>='}


def print_module(module: lir.Module) -> str:
    """The text of a module."""
    parts = [_struct(struct) for struct in module.structs]
    parts.extend(_global(item) for item in module.globals)
    parts.extend(print_function(function) for function in module.functions)
    return '\n'.join(parts)


def print_function(function: lir.Function) -> str:
    """The text of a function."""
    words = [
        'extern' if function.extern else '', 'export' if function.exported else '',
        '' if function.inline == 'auto' else f'inline-{function.inline}', 'seldom' if function.seldom else '',
    ]
    prefix = ''.join(word + ' ' for word in words if word)
    parameters = ', '.join(f'{name}: {type_}' for name, type_ in function.parameters)
    head = f'{prefix}fn {function.name}({parameters}) -> {function.result}'
    if function.extern:
        return head + '\n'
    return '\n'.join([head + ' {', *_block(function.body, 1), '}', ''])


def print_expr(expr: lir.Expr) -> str:
    """The text of an expression; operators are in parentheses, except around the whole."""
    text = _expr(expr)
    return text[1:-1] if isinstance(expr, lir.Binary | lir.Compare | lir.Logical | lir.Select) else text


def _struct(struct: lir.Struct) -> str:
    fields = ''.join(f'    {name}: {type_}\n' for name, type_ in struct.fields)
    return f'struct {struct.name} {{\n{fields}}}\n'


def _global(item: lir.Global) -> str:
    words = 'zero' if item.words is None else ' '.join(map(str, item.words))
    if item.space == 'shared':
        return f'shared {item.name}: {item.element}[{item.count}]\n'
    return f'{"constant" if item.constant else "global"} {item.name}: {item.element}[{item.count}] = {words}\n'


def _block(block: lir.Block, depth: int) -> Iterator[str]:
    indent = '    ' * depth
    for statement in block:
        match statement:
            case lir.If(condition, then, otherwise):
                yield f'{indent}if {print_expr(condition)} {{'
                yield from _block(then, depth + 1)
                if otherwise:
                    yield f'{indent}}} else {{'
                    yield from _block(otherwise, depth + 1)
                yield f'{indent}}}'
            case lir.While(condition, body):
                yield f'{indent}while {print_expr(condition)} {{'
                yield from _block(body, depth + 1)
                yield f'{indent}}}'
            case lir.Switch(value, cases, default):
                yield f'{indent}switch {print_expr(value)} {{'
                for case in cases:
                    yield f'{indent}case {", ".join(map(str, case.values))}:'
                    yield from _block(case.body, depth + 1)
                yield f'{indent}default:'
                yield from _block(default, depth + 1)
                yield f'{indent}}}'
            case _:
                yield indent + _simple(statement)


def _simple(statement: lir.Stmt) -> str:
    """A statement without blocks in it."""
    match statement:
        case lir.Assign(target, value):
            return f'{target.name}: {target.type} = {print_expr(value)}'
        case lir.Store(pointer, value):
            return f'{_place(pointer)} = {print_expr(value)}'
        case lir.AtomicStore(pointer, value, order, scope):
            return f'atomic_store.{order}.{scope}({print_expr(pointer)}, {print_expr(value)})'
        case lir.Fence(order, scope):
            return f'fence.{order}.{scope}'
        case lir.Return(None):
            return 'return'
        case lir.Return(value) if value is not None:
            return f'return {print_expr(value)}'
        case lir.ExprStmt(value):
            return print_expr(value)
        case lir.Fork(targets, calls):
            return 'fork ' + ' | '.join(f'{target.name}: {target.type} = {print_expr(call)}'
                                        for target, call in zip(targets, calls, strict=True))
        case _:
            return type(statement).__name__.lower()


def _place(pointer: lir.Expr) -> str:
    """What is at an address."""
    match pointer:
        case lir.FieldAddress(base, field):
            return f'{_base(base)}.{field}'
        case lir.IndexAddress(base, index):
            return f'{_base(base)}[{print_expr(index)}]'
        case _:
            return f'*{_expr(pointer)}'


def _base(pointer: lir.Expr) -> str:
    """The address that a field or an element is reached from; struct and array places are not written with `&`."""
    if isinstance(pointer, lir.FieldAddress | lir.IndexAddress):
        inner = pointer.type.pointee
        if isinstance(inner, lir.StructName | lir.Array):
            return _place(pointer)
    return _expr(pointer)


def _arguments(arguments: tuple[lir.Expr, ...]) -> str:
    return ', '.join(print_expr(argument) for argument in arguments)


def _expr(expr: lir.Expr) -> str:
    match expr:
        case lir.Const(value, type_):
            if type_ == lir.BOOL:
                return 'true' if value else 'false'
            return f'{value}' if type_ == lir.U64 else f'{value}:{type_}'
        case lir.Local(name):
            return name
        case lir.GlobalAddress(name):
            return f'@{name}'
        case lir.StackArray(element, count):
            return f'stack {element}[{count}]'
        case lir.Binary(op, left, right):
            return f'({_expr(left)} {_BINARY[op]} {_expr(right)})'
        case lir.Compare(op, left, right):
            return f'({_expr(left)} {_COMPARE[op]} {_expr(right)})'
        case lir.Logical(op, left, right):
            return f'({_expr(left)} {op} {_expr(right)})'
        case lir.Select(condition, then, otherwise):
            return f'({_expr(condition)} ? {_expr(then)} : {_expr(otherwise)})'
        case lir.Not(value):
            return f'{"!" if value.type == lir.BOOL else "~"}{_expr(value)}'
        case lir.Neg(value):
            return f'-{_expr(value)}'
        case lir.Convert(value, type_):
            return f'{type_}({print_expr(value)})'
        case lir.Bitcast(value, type_):
            return f'bits:{type_}({print_expr(value)})'
        case lir.FieldAddress() | lir.IndexAddress():
            return f'&{_place(expr)}'
        case lir.Pack(type_, values):
            return f'{type_}{{{_arguments(values)}}}'
        case lir.Extract(value, field):
            return f'{_expr(value)}.{field}'
        case lir.Call(name, arguments, _, tail):
            return f'{"tail " if tail else ""}{name}({_arguments(arguments)})'
        case lir.Intrinsic(name, arguments):
            return f'${name}({_arguments(arguments)})'
        case lir.Load(pointer):
            return _place(pointer)
        case lir.AtomicLoad(pointer, order, scope):
            return f'atomic_load.{order}.{scope}({print_expr(pointer)})'
        case lir.AtomicRmw(op, pointer, value, order, scope):
            return f'atomic_{op}.{order}.{scope}({print_expr(pointer)}, {print_expr(value)})'
        case lir.CompareExchange(pointer, expected, new, order, failure, scope):
            operands = _arguments((pointer, expected, new))
            return f'compare_exchange.{order}.{failure}.{scope}({operands})'
