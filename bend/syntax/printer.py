"""Trees back to text: `print_module` gives a text that parses to the same tree, spans aside.

A string, number or name is printed as the parser reads it; layout and comments of the original text are lost.
"""

from __future__ import annotations

import struct
from fractions import Fraction

from bend.hvm.characters import ESCAPES
from bend.hvm.numbers import Number
from bend.syntax import ast, type_ast


def print_module(module: ast.Module) -> str:
    """The text of a module."""
    return '\n\n'.join(print_item(item) for item in module.items) + '\n'


def print_item(item: ast.Item) -> str:
    """The text of a top-level item, without a line break at the end."""
    match item:
        case ast.ImpDef():
            return '\n'.join(_imp_def(item))
        case ast.FunDef():
            return fun_def(item, '\n')
        case ast.TypeDef():
            return _type_def(item)
        case ast.HvmDef(name=name, type=type_, net_text=net_text):
            return f'hvm {name}{_result(type_)}:\n{net_text}'
        case ast.Import(path=path, names=()):
            return f'from {path} import *'
        case ast.Import(path='', names=names):
            return f'import {_aliases(names)}'
        case ast.Import(path=path, names=names):
            return f'from {path} import {_aliases(names)}'


def _aliases(names: tuple[ast.ImportedName, ...]) -> str:
    return ', '.join(part.name if part.alias is None else f'{part.name} as {part.alias}' for part in names)


# ---- definitions -----------------------------------------------------------------------------


def _checked(flag: bool | None) -> str:
    return {None: '', True: 'checked ', False: 'unchecked '}[flag]


def _result(type_: type_ast.Type | None) -> str:
    return '' if type_ is None else f' -> {imp_type(type_)}'


def _annotated(name: str, type_: type_ast.Type | None) -> str:
    return name if type_ is None else f'{name}: {imp_type(type_)}'


def _imp_def(item: ast.ImpDef) -> list[str]:
    parameters = ', '.join(_annotated(parameter.name, parameter.type) for parameter in item.parameters)
    return [f'def {_checked(item.checked)}{item.name}({parameters}){_result(item.result)}:', *_block(item.body)]


def _type_def(item: ast.TypeDef) -> str:
    """Both notations print as imp, which can say all that fun can."""
    variables = f'({", ".join(item.variables)})' if item.variables else ''
    if [constructor.name for constructor in item.constructors] == [item.name]:
        return f'object {item.name}{variables}{_fields(item.constructors[0])}'
    prefix = item.name + '/'
    lines = [f'  {constructor.name.removeprefix(prefix)}{_fields(constructor)}' for constructor in item.constructors]
    return '\n'.join([f'type {item.name}{variables}:', *lines])


def _fields(constructor: ast.Constructor) -> str:
    fields = [f'{"~" if field.recursive else ""}{_annotated(field.name, field.type)}' for field in constructor.fields]
    return f' {{ {", ".join(fields)} }}' if fields else ''


def fun_def(item: ast.FunDef, separator: str) -> str:
    """The text of a fun function: a signature of its own if it has a type, then its equations."""
    lines = [] if item.type is None else [f'{item.name} : {fun_type(item.type)}']
    for rule in item.rules:
        patterns = ''.join(f' {pattern(p)}' for p in rule.patterns)
        lines.append(f'({item.name}{patterns}) = {term(rule.body)}')
    return _checked(item.checked) + separator.join(lines)


# ---- types -----------------------------------------------------------------------------------


def imp_type(type_: type_ast.Type) -> str:
    """The text of a type in imp."""
    match type_:
        case type_ast.TypeName(name=name):
            return name
        case type_ast.TypeApplication(name=name, arguments=arguments):
            return f'{name}({", ".join(map(imp_type, arguments))})'
        case type_ast.TypeTuple(elements=elements):
            return f'({", ".join(map(imp_type, elements))})'
        case type_ast.TypeArrow(argument=argument, result=result):
            left = imp_type(argument)
            return f'{f"({left})" if isinstance(argument, type_ast.TypeArrow) else left} -> {imp_type(result)}'


def fun_type(type_: type_ast.Type) -> str:
    """The text of a type in fun."""
    match type_:
        case type_ast.TypeName(name=name):
            return name
        case type_ast.TypeApplication(name=name, arguments=arguments):
            return f'({name} {" ".join(_fun_atom(argument) for argument in arguments)})'
        case type_ast.TypeTuple(elements=elements):
            return f'({", ".join(map(fun_type, elements))})'
        case type_ast.TypeArrow(argument=argument, result=result):
            return f'{_fun_atom(argument)} -> {fun_type(result)}'


def _fun_atom(type_: type_ast.Type) -> str:
    text = fun_type(type_)
    return f'({text})' if isinstance(type_, type_ast.TypeArrow) else text


# ---- patterns and literals -------------------------------------------------------------------


def pattern(node: ast.Pattern) -> str:
    """The text of a pattern, the same in both notations."""
    match node:
        case ast.PatternVar(name=name):
            return '*' if name is None else name
        case ast.PatternUnscoped(name=name):
            return f'${name}'
        case ast.PatternNumber(value=value):
            return str(value)
        case ast.PatternString(value=value):
            return string(value)
        case ast.PatternConstructor(name=name, arguments=arguments):
            return f'({" ".join([name, *map(pattern, arguments)])})'
        case ast.PatternTuple(elements=elements):
            return f'({", ".join(map(pattern, elements))})'
        case ast.PatternDup(elements=elements):
            return f'{{{", ".join(map(pattern, elements))}}}'
        case ast.PatternList(elements=elements):
            return f'[{", ".join(map(pattern, elements))}]'


def _leaf(text: str) -> str:
    """A tree leaf; `![` would start a tree node."""
    return f'! {text}' if text.startswith('[') else f'!{text}'


def string(value: str) -> str:
    """A string literal."""
    return '"' + ''.join(ESCAPES.get(character, character) for character in value) + '"'


def number(value: Number) -> str:
    """A number literal; floats in the base and with the digits that give the value back exactly."""
    if value.kind == 'u24':
        return str(value.bits)
    if value.kind == 'i24':
        return f'{value.bits - (value.bits >> 23 << 24):+d}'
    return _float(value.bits)


def _float(bits: int) -> str:
    """A float in decimal where the literal's 32-bit parts can hold it, else in base 16."""
    exact: float = struct.unpack('<f', struct.pack('<I', bits << 8))[0]
    sign = '-' if bits >> 23 else ''
    value = Fraction(abs(exact))
    decimal = f'{abs(exact):.9f}'.rstrip('0')
    decimal += '0' if decimal.endswith('.') else ''
    if Fraction(decimal) == value:
        return sign + decimal
    digits = 0
    while value.denominator > 16**digits:
        digits += 1
    return f'{sign}0x{int(value):x}.{int(value % 1 * 16**digits):0{max(digits, 1)}x}'


# ---- expressions of imp ----------------------------------------------------------------------


def _join(expressions: tuple[ast.Expr, ...]) -> str:
    return ', '.join(map(expression, expressions))


def _operand(node: ast.Expr) -> str:
    """An expression where a postfix or an operator follows: in parentheses unless it is closed by itself."""
    text = expression(node)
    return f'({text})' if isinstance(node, ast.BinaryOperation | ast.Lambda | ast.TreeLeaf) else text


def expression(node: ast.Expr) -> str:
    """The text of an expression in imp."""
    match node:
        case ast.Call(function=function, arguments=arguments, named=named):
            inner = [*map(expression, arguments), *(f'{name} = {expression(value)}' for name, value in named)]
            return f'{_operand(function)}({", ".join(inner)})'
        case ast.BinaryOperation(operator=operator, left=left, right=right):
            return f'{_operand(left)} {operator} {_operand(right)}'
        case ast.Lambda(parameters=parameters, body=body):
            return f'lambda {", ".join(map(pattern, parameters))}: {expression(body)}'
        case ast.ListLiteral(elements=elements):
            return f'[{_join(elements)}]'
        case ast.TupleLiteral(elements=elements):
            return f'({_join(elements)})'
        case ast.Superposition(elements=elements):
            return f'{{{_join(elements)}}}'
        case ast.TreeNode(left=left, right=right):
            return f'![{expression(left)}, {expression(right)}]'
        case ast.TreeLeaf(value=value):
            return _leaf(expression(value))
        case ast.MapLiteral(entries=entries):
            return f'{{{", ".join(f"{expression(key)}: {expression(value)}" for key, value in entries)}}}'
        case ast.MapGet(map_name=name, key=key):
            return f'{name}[{expression(key)}]'
        case ast.ConstructorLiteral(name=name, fields=fields):
            return f'{name} {{{", ".join(f"{field}: {expression(value)}" for field, value in fields)}}}'
        case ast.Comprehension(element=element, name=name, iterable=iterable, condition=condition):
            filter_ = '' if condition is None else f' if {expression(condition)}'
            return f'[{expression(element)} for {name} in {expression(iterable)}{filter_}]'
        case _:
            return _atom(node)


def _atom(node: ast.Expr) -> str:
    """An expression without parts, the same in both notations."""
    match node:
        case ast.Var(name=name):
            return name
        case ast.Unscoped(name=name):
            return f'${name}'
        case ast.Eraser():
            return '*'
        case ast.Num(value=value):
            return number(value)
        case ast.String(value=text):
            return string(text)
        case _:
            raise ValueError(f'{type(node).__name__} does not exist in this notation')


# ---- statements ------------------------------------------------------------------------------


def _block(block: ast.Block) -> list[str]:
    return ['  ' + line if line else line for statement in block for line in _statement(statement)]


def _statement(node: ast.Stmt) -> list[str]:
    """The lines of a statement."""
    match node:
        case ast.ReturnStmt(value=value):
            return [f'return {expression(value)}']
        case ast.AssignStmt(pattern=left, value=value):
            return [f'{pattern(left)} = {expression(value)}']
        case ast.AskStmt(pattern=left, value=value):
            return [f'{pattern(left)} <- {expression(value)}']
        case ast.MapSetStmt(map_name=name, key=key, value=value):
            return [f'{name}[{expression(key)}] = {expression(value)}']
        case ast.InPlaceStmt(name=name, key=place, operator=operator, value=value):
            index = '' if place is None else f'[{expression(place)}]'
            return [f'{name}{index} {operator}= {expression(value)}']
        case ast.UseStmt(name=name, value=value):
            return [f'use {name} = {expression(value)}']
        case ast.OpenStmt(type_name=type_name, name=name):
            return [f'open {type_name}: {name}']
        case ast.LocalDefStmt(function=function):
            return _imp_def(function)
        case ast.WithStmt(type_name=type_name, body=body):
            return [f'with {type_name}:', *_block(body)]
        case _:
            return _branching(node)


def _branching(node: ast.Stmt) -> list[str]:
    match node:
        case ast.IfStmt(condition=condition, then=then, otherwise=otherwise):
            return [f'if {expression(condition)}:', *_block(then), 'else:', *_block(otherwise)]
        case ast.BendStmt(states=states, condition=condition, step=step, base=base):
            inner = ['when ' + expression(condition) + ':', *_block(step), 'else:', *_block(base)]
            return [f'bend {", ".join(map(_binding, states))}:', *('  ' + line for line in inner)]
        case ast.SwitchStmt(cases=bodies):
            labels = [*map(str, range(len(bodies) - 1)), '_']
            cases = list(zip(labels, bodies, strict=True))
            word = 'switch'
        case ast.MatchStmt(cases=arms) | ast.FoldStmt(cases=arms):
            cases = [(case.name, case.body) for case in arms]
            word = 'match' if isinstance(node, ast.MatchStmt) else 'fold'
        case _:
            raise ValueError(f'{type(node).__name__} is no branching statement')
    clause = f' with {", ".join(map(_binding, node.with_))}' if node.with_ else ''
    lines = [line for label, body in cases for line in (f'  case {label}:', *('  ' + text for text in _block(body)))]
    return [f'{word} {_binding(node.scrutinee)}{clause}:', *lines]


def _binding(node: ast.Binding) -> str:
    parts = [] if node.name is None else [node.name]
    return ' = '.join(parts + ([] if node.value is None else [expression(node.value)]))


# ---- terms of fun ----------------------------------------------------------------------------


def _terms(terms: tuple[ast.Expr, ...], separator: str = ', ') -> str:
    return separator.join(map(term, terms))


def term(node: ast.Expr) -> str:
    """The text of a term in fun."""
    match node:
        case ast.Call(function=function, arguments=arguments):
            return f'({" ".join([_head(function), *map(term, arguments)])})'
        case ast.BinaryOperation(operator=operator, left=left, right=right):
            return f'({operator} {term(left)} {term(right)})'
        case ast.Lambda(parameters=parameters, body=body):
            return ''.join(f'λ{pattern(p)} ' for p in parameters) + term(body)
        case ast.ListLiteral(elements=elements):
            return f'[{_terms(elements)}]'
        case ast.TupleLiteral(elements=elements):
            return f'({_head(elements[0])}, {_terms(elements[1:])})'
        case ast.Superposition(elements=elements):
            return f'{{{_terms(elements)}}}'
        case ast.TreeNode(left=left, right=right):
            return f'![{term(left)}, {term(right)}]'
        case ast.TreeLeaf(value=value):
            return _leaf(term(value))
        case _:
            return _block_term(node)


def _head(node: ast.Expr) -> str:
    """The first term after `(`, where `*` would be an operator."""
    return '(*)' if isinstance(node, ast.Eraser) else term(node)


def _block_term(node: ast.Expr) -> str:
    """A term that starts with a keyword, or an atom."""
    match node:
        case ast.Let(pattern=left, value=value, body=body):
            return f'let {pattern(left)} = {term(value)}; {term(body)}'
        case ast.Ask(pattern=left, value=value, body=body):
            return f'ask {pattern(left)} = {term(value)}; {term(body)}'
        case ast.Use(name=name, value=value, body=body):
            return f'use {name} = {term(value)}; {term(body)}'
        case ast.Open(type_name=type_name, name=name, body=body):
            return f'open {type_name} {name}; {term(body)}'
        case ast.With(type_name=type_name, body=body):
            return f'with {type_name} {{ {term(body)} }}'
        case ast.LocalDef(function=function, body=body):
            return f'def {fun_def(function, " ")}; {term(body)}'
        case ast.If(condition=condition, then=then, otherwise=otherwise):
            return f'if {term(condition)} {{ {term(then)} }} else {{ {term(otherwise)} }}'
        case ast.Bend(states=states, condition=condition, step=step, base=base):
            return (f'bend {", ".join(map(_fun_binding, states))} '
                    f'{{ when {term(condition)}: {term(step)} else: {term(base)} }}')
        case ast.Match(arms=arms) | ast.Fold(arms=arms):
            cases = [('*' if arm.name is None else arm.name, arm.body) for arm in arms]
            return _matching('match' if isinstance(node, ast.Match) else 'fold', node, cases)
        case ast.Switch(arms=bodies):
            labels = [*map(str, range(len(bodies) - 1)), '_']
            return _matching('switch', node, list(zip(labels, bodies, strict=True)))
        case _:
            return _atom(node)


def _matching(word: str, node: ast.Match | ast.Fold | ast.Switch, cases: list[tuple[str, ast.Expr]]) -> str:
    clause = f' with {", ".join(map(_fun_binding, node.with_))}' if node.with_ else ''
    arms = '; '.join(f'{label}: {term(body)}' for label, body in cases)
    return f'{word} {_fun_binding(node.scrutinee)}{clause} {{ {arms} }}'


def _fun_binding(node: ast.Binding) -> str:
    parts = [] if node.name is None else [node.name]
    return ' = '.join(parts + ([] if node.value is None else [term(node.value)]))
