"""List and string literals, as terms and as patterns, become constructors (spec 02 §3.4)."""

from __future__ import annotations

from collections.abc import Sequence

from bend.desugar import names
from bend.desugar.context import Context
from bend.desugar.core import (
    Book,
    Def,
    List,
    LocalDef,
    Num,
    Pattern,
    PCtr,
    PDup,
    PList,
    PNum,
    PStr,
    PTup,
    Ref,
    Rule,
    Str,
    Term,
)
from bend.desugar.terms import app, map_children
from bend.hvm.numbers import Number
from bend.records import replace
from bend.source import Span

U24_MASK = 0xFFFFFF


def literals(book: Book, context: Context) -> Book:
    """Replaces `List`, `Str`, `PList` and `PStr` by the constructors of the prelude's types."""
    encoder = _Encoder(context)
    return book.with_defs({name: encoder.definition(definition) for name, definition in book.defs.items()})


class _Encoder:
    """Encodes literals; the names of the constructors depend on what the program shadows."""

    def __init__(self, context: Context) -> None:
        self.list_nil = context.builtin(names.LIST_NIL)
        self.list_cons = context.builtin(names.LIST_CONS)
        self.string_nil = context.builtin(names.STRING_NIL)
        self.string_cons = context.builtin(names.STRING_CONS)

    def definition(self, definition: Def) -> Def:
        """Encodes all literals of a function."""
        rules = tuple(Rule(tuple(map(self.pattern, rule.patterns)), self.term(rule.body), span=rule.span)
                      for rule in definition.rules)
        return replace(definition, rules=rules)

    def term(self, term: Term) -> Term:
        """Encodes the literals in a term."""
        match term:
            case List():
                elements = [self.term(element) for element in term.elements]
                return _chain(self.list_cons, self.list_nil, elements, term.span)
            case Str():
                characters = [Num(Number('u24', ord(character) & U24_MASK), span=term.span) for character in term.value]
                return _chain(self.string_cons, self.string_nil, characters, term.span)
            case LocalDef():
                return replace(term, definition=self.definition(term.definition), body=self.term(term.body))
            case _:
                return map_children(term, self.term)

    def pattern(self, pattern: Pattern) -> Pattern:
        """Encodes the literals in a pattern."""
        match pattern:
            case PList():
                elements = [self.pattern(element) for element in pattern.elements]
                return _pattern_chain(self.list_cons, self.list_nil, elements, pattern.span)
            case PStr():
                characters = [PNum(ord(character) & U24_MASK, span=pattern.span) for character in pattern.value]
                return _pattern_chain(self.string_cons, self.string_nil, characters, pattern.span)
            case PCtr():
                return replace(pattern, arguments=tuple(map(self.pattern, pattern.arguments)))
            case PTup() | PDup():
                return replace(pattern, elements=tuple(map(self.pattern, pattern.elements)))
            case _:
                return pattern


def _chain(cons: str, nil: str, elements: Sequence[Term], span: Span | None) -> Term:
    result: Term = Ref(nil, span=span)
    for element in reversed(elements):
        result = app(Ref(cons, span=span), element, result)
    return result


def _pattern_chain(cons: str, nil: str, elements: Sequence[Pattern], span: Span | None) -> Pattern:
    result = PCtr(nil, (), span=span)
    for element in reversed(elements):
        result = PCtr(cons, (element, result), span=span)
    return result
