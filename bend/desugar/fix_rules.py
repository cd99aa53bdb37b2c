"""Rule patterns: constructors exist and have all their fields, rules have the same arity (spec 02 §3.2)."""

from __future__ import annotations

from dataclasses import replace

from bend.desugar.context import Context
from bend.desugar.core import Book, Def, LocalDef, Pattern, PCtr, PDup, PList, PTup, PVar, Rule, Term
from bend.desugar.terms import map_children
from bend.diagnostics import error


def fix_rules(book: Book, context: Context) -> Book:
    """Checks the rules of all functions.

    Raises `BendError` for rules of different arity, unknown constructors, and wrong numbers of fields.
    """
    fixed = {name: _Fixer(book, context, definition.user_name).definition(definition)
             for name, definition in book.defs.items()}
    context.report.stop_on_errors()
    return book.with_defs(fixed)


class _Fixer:
    """Fixes the rules of one top-level function and its local ones."""

    def __init__(self, book: Book, context: Context, definition: str) -> None:
        self.book = book
        self.context = context
        self.user_name = definition

    def definition(self, definition: Def) -> Def:
        """Fixes all rules; they must have as many patterns as the first one."""
        expected = len(definition.rules[0].patterns)
        for rule in definition.rules:
            if len(rule.patterns) != expected:
                self.context.report.add(error(
                    'rule-arity', f"This rule of '{definition.name}' has {_count(len(rule.patterns), 'pattern')}, "
                    f'but its first rule has {expected}.', rule.span,
                    hint='All rules of a function take the same number of arguments.', definition=self.user_name))
        return replace(definition, rules=tuple(map(self.rule, definition.rules)))

    def rule(self, rule: Rule) -> Rule:
        """Fixes the patterns, and the local functions in the body."""
        return replace(rule, patterns=tuple(map(self.pattern, rule.patterns)), body=self.term(rule.body))

    def term(self, term: Term) -> Term:
        """Fixes the local functions in a term."""
        if isinstance(term, LocalDef):
            return replace(term, definition=self.definition(term.definition), body=self.term(term.body))
        return map_children(term, self.term)

    def pattern(self, pattern: Pattern) -> Pattern:
        """Fixes a pattern and those in it."""
        match pattern:
            case PCtr():
                arguments = tuple(map(self.pattern, pattern.arguments))
                return self.constructor(replace(pattern, arguments=arguments))
            case PTup() | PDup() | PList():
                return replace(pattern, elements=tuple(map(self.pattern, pattern.elements)))
            case _:
                return pattern

    def constructor(self, pattern: PCtr) -> Pattern:
        """Checks that the constructor exists and has that many fields; wrong ones become wildcards."""
        known = self.book.constructors.get(pattern.name)
        if known is None:
            near = self.context.suggestion(pattern.name, self.book.constructors, pattern.span)
            self.context.report.add(error(
                'unknown-constructor', f"There is no constructor named '{pattern.name}'.", pattern.span,
                hint=_unknown_hint(pattern, near),
                definition=self.user_name))
            return PVar(None, span=pattern.span)
        if len(known.fields) != len(pattern.arguments):
            fields = ' '.join(field.name for field in known.fields)
            self.context.report.add(error(
                'constructor-arity', f"The constructor '{pattern.name}' has {_count(len(known.fields), 'field')}, "
                f'but the pattern has {len(pattern.arguments)}.', pattern.span,
                hint=f"Write '({pattern.name} {fields})'." if fields else f"Write '{pattern.name}'.",
                definition=self.user_name))
            return PVar(None, span=pattern.span)
        return pattern


def _unknown_hint(pattern: PCtr, near: str | None) -> str:
    if near:
        return f"Did you mean '{near}'?"
    if not pattern.arguments:
        return f"A variable is written without parentheses: '{pattern.name}'."
    return "Constructors are written with their type: 'Type/Name'."


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}' + ('' if number == 1 else 's')
