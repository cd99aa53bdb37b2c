"""Core terms and books as text, in fun notation (spec 02, sections 5.5 and 6.1)."""

from __future__ import annotations

from collections.abc import Iterable

from bend.desugar.core import (
    App,
    Ask,
    Bend,
    Book,
    Constructor,
    Def,
    Era,
    Fold,
    Lam,
    Let,
    List,
    LocalDef,
    Match,
    NetDef,
    Num,
    Op,
    Open,
    Pattern,
    PCtr,
    PDup,
    PList,
    PNum,
    PStr,
    PTup,
    PUnscoped,
    PVar,
    Ref,
    Str,
    Sup,
    Switch,
    Term,
    Tup,
    Unscoped,
    Use,
    Var,
    With,
)
from bend.desugar.terms import unapply
from bend.hvm.characters import is_code_point, quoted
from bend.hvm.numbers import show_bend, word_of
from bend.hvm.text import print_net
from bend.syntax.type_ast import Type, TypeApplication, TypeArrow, TypeName, TypeTuple

STEP = 2
NIL, CONS, EMPTY_STRING, STRING_CONS = 'List/Nil', 'List/Cons', 'String/Nil', 'String/Cons'


# ---- books -----------------------------------------------------------------------------------


def print_book(book: Book, pretty: bool) -> str:
    """All definitions: with their types, or (`pretty`) broken over lines and without types.

    Types of the prelude are left out, as are definitions that are not there any more.
    """
    parts = [_print_adt(book, name) for name, adt in book.adts.items() if not adt.builtin]
    parts += [_print_def(definition, pretty) for definition in book.defs.values()]
    parts += [_print_net_def(definition) for definition in book.nets.values()]
    return '\n\n'.join(parts) + '\n' if parts else ''


def _print_adt(book: Book, name: str) -> str:
    adt = book.adts[name]
    head = f'({" ".join((name, *adt.variables))})' if adt.variables else name
    return f'type {head} = ' + ' | '.join(_print_constructor(book.constructors[each]) for each in adt.constructors)


def _print_constructor(constructor: Constructor) -> str:
    name = constructor.name.removeprefix(constructor.type_name + '/')
    fields = []
    for info in constructor.fields:
        field = ('~' if info.recursive else '') + info.name
        fields.append(field if info.type is None else f'({field}: {print_type(info.type)})')
    return f'({" ".join((name, *fields))})' if fields else name


def _print_def(definition: Def, pretty: bool) -> str:
    lines = []
    if not pretty:
        written = '_' if definition.origin else 'Any'
        shown = written if definition.type is None else print_type(definition.type)
        lines.append(f'{"" if definition.checked else "unchecked "}{definition.name}: {shown}')
    for rule in definition.rules:
        head = f'({" ".join((definition.name, *map(_atomic, rule.patterns)))}) ='
        if pretty:
            lines.append(f'{head}\n{" " * STEP}{_Printer(True).term(rule.body, STEP)}')
        else:
            lines.append(f'{head} {print_term(rule.body)}')
    return '\n'.join(lines)


def _print_net_def(definition: NetDef) -> str:
    return f'hvm {definition.name}:\n{" " * STEP}{print_net(definition.net)}'


def print_type(written: Type) -> str:
    """A type: arrows are flattened and always in parentheses."""
    match written:
        case TypeName():
            return written.name
        case TypeApplication():
            return f'({" ".join((written.name, *map(print_type, written.arguments)))})'
        case TypeTuple():
            return f'({", ".join(map(print_type, written.elements))})'
        case TypeArrow():
            parts: list[Type] = []
            rest: Type = written
            while isinstance(rest, TypeArrow):
                parts.append(rest.argument)
                rest = rest.result
            return f'({" -> ".join(map(print_type, (*parts, rest)))})'


# ---- patterns --------------------------------------------------------------------------------


def print_pattern(pattern: Pattern) -> str:
    """A pattern."""
    match pattern:
        case PVar():
            return '*' if pattern.name is None else pattern.name
        case PUnscoped():
            return f'${pattern.name}'
        case PTup():
            return f'({", ".join(map(print_pattern, pattern.elements))})'
        case PDup():
            return f'{{{" ".join(map(print_pattern, pattern.elements))}}}'
        case PList():
            return f'[{", ".join(map(print_pattern, pattern.elements))}]'
        case PNum():
            return str(pattern.value)
        case PStr():
            return quoted(pattern.value)
        case PCtr():
            return f'({" ".join((pattern.name, *map(print_pattern, pattern.arguments)))})'


def _atomic(pattern: Pattern) -> str:
    """A pattern as a parameter; a constructor without fields stands without parentheses."""
    return pattern.name if isinstance(pattern, PCtr) and not pattern.arguments else print_pattern(pattern)


# ---- terms -----------------------------------------------------------------------------------


def print_term(term: Term) -> str:
    """A term on one line."""
    return _Printer(False).term(term, 0)


class _Printer:
    """Prints terms, broken over lines or not; `indent` is that of the line on which a term starts."""

    def __init__(self, pretty: bool) -> None:
        self.pretty = pretty

    def term(self, term: Term, indent: int) -> str:
        match term:
            case Var() | Ref():
                return {NIL: '[]', EMPTY_STRING: '""'}.get(term.name, term.name)
            case Unscoped():
                return f'${term.name}'
            case Num():
                return show_bend(word_of(term.value))
            case Era():
                return '*'
            case App():
                return self.application(term, indent)
            case Lam():
                return f'λ{print_pattern(term.pattern)} {self.term(term.body, indent)}'
            case Op():
                return f'({term.operator} {self.term(term.left, indent)} {self.term(term.right, indent)})'
            case Tup():
                return f'({self.join(", ", term.elements, indent)})'
            case Sup():
                return f'{{{self.join(" ", term.elements, indent)}}}'
            case List():
                return f'[{self.join(", ", term.elements, indent)}]'
            case Str():
                return quoted(term.value)
            case Match() | Fold() | Switch() | Bend() | With():
                return self.block(term, indent)
            case _:
                return self.statement(term, indent)

    def join(self, separator: str, terms: Iterable[Term], indent: int) -> str:
        return separator.join(self.term(term, indent) for term in terms)

    def application(self, term: App, indent: int) -> str:
        literal = self.literal(term, indent)
        if literal is not None:
            return literal
        head, arguments = unapply(term)
        return f'({self.join(" ", (head, *arguments), indent)})'

    def literal(self, term: Term, indent: int) -> str | None:
        """The list or string that a chain of constructors stands for; None if it is neither."""
        elements: list[Term] = []
        cons: str | None = None
        while True:
            match term:
                case App(App(Ref(name), element), rest) if name in (CONS, STRING_CONS) and name == (cons or name):
                    cons = name
                    elements.append(element)
                    term = rest
                case Ref(name) if (cons, name) == (CONS, NIL):
                    return f'[{self.join(", ", elements, indent)}]'
                case Ref(name) if (cons, name) == (STRING_CONS, EMPTY_STRING):
                    return self.string(elements)
                case _:
                    return None

    def string(self, elements: list[Term]) -> str | None:
        codes = [element.value.bits for element in elements if isinstance(element, Num) and element.value.kind == 'u24']
        if len(codes) < len(elements) or not all(map(is_code_point, codes)):
            return None
        return quoted(''.join(map(chr, codes)))

    def statement(self, term: Term, indent: int) -> str:
        """A term that ends with a body after a semicolon."""
        match term:
            case Let():
                head = f'let {print_pattern(term.pattern)} = {self.term(term.value, indent)}'
            case Use():
                head = f'use {term.name} = {self.term(term.value, indent)}'
            case Ask():
                head = f'ask {print_pattern(term.pattern)} = {self.term(term.value, indent)}'
            case Open():
                head = f'open {term.type_name} {term.name}'
            case LocalDef():
                definition = term.definition
                rules = [' '.join((definition.name, *map(_atomic, rule.patterns))) + ' = '
                         + self.term(rule.body, indent) for rule in definition.rules]
                head = f'def {self.separator(indent).join(rules)}'
            case _:
                raise AssertionError(f'{type(term).__name__} is not a term')
        return f'{head};{self.separator(indent)}{self.term(term.body, indent)}'

    def separator(self, indent: int) -> str:
        return '\n' + ' ' * indent if self.pretty else ' '

    def block(self, term: Match | Fold | Switch | Bend | With, indent: int) -> str:
        """A term with braces: its head, and its parts on lines of their own."""
        inner = indent + STEP
        match term:
            case With():
                head, parts = f'with {term.type_name}', [self.term(term.body, inner)]
            case Bend():
                states = [f'{name} = {self.term(value, indent)}' if name is not None else self.term(value, indent)
                          for name, value in term.states]
                head = 'bend ' + ''.join(f'{state}, ' for state in states).rstrip()
                parts = [f'when {self.term(term.condition, inner)}: {self.term(term.step, inner)};',
                         f'else: {self.term(term.base, inner)}']
            case Switch():
                head = 'switch ' + self.scrutinee(term, indent)
                last = '_' if term.predecessor is None else f'_ {term.predecessor}'
                labels = [*map(str, range(len(term.arms) - 1)), last]
                parts = [f'{label}: {self.term(arm, inner)};' for label, arm in zip(labels, term.arms, strict=True)]
            case Match() | Fold():
                head = ('fold ' if isinstance(term, Fold) else 'match ') + self.scrutinee(term, indent)
                parts = [f'{" ".join((arm.constructor or "*", *(field or "*" for field in arm.fields)))}: '
                         f'{self.term(arm.body, inner)};' for arm in term.arms]
        lines = self.separator(inner)
        return f'{head} {{{lines}{lines.join(parts)}{self.separator(indent)}}}'

    def scrutinee(self, term: Match | Fold | Switch, indent: int) -> str:
        text = self.term(term.argument, indent)
        if term.bound is not None:
            text = f'{term.bound} = {text}'
        if term.with_:
            text += ' with ' + ', '.join(f'{name} = {self.term(value, indent)}' for name, value in term.with_)
        return text
