"""Rule patterns: constructors exist and have all their fields, rules have the same arity (spec 02 §3.2)."""

from __future__ import annotations

from bend.desugar.context import Context
from bend.desugar.convert_terms import CONSTRUCTOR_HINT
from bend.desugar.core import Book, Def, LocalDef, Pattern, PCtr, PDup, PList, PTup, PVar, Rule, Term, Var
from bend.desugar.terms import map_children, pattern_parts, subterms
from bend.diagnostics import error, warning
from bend.records import replace
from bend.suggest import looks_like_constructor


def fix_rules(book: Book, context: Context) -> Book:
    """Checks the rules of all functions.

    Reports rules of different arity, unknown constructors, and wrong numbers of fields.
    """
    fixed = {name: _Fixer(book, context, definition.user_name).definition(definition)
             for name, definition in book.defs.items()}
    return context.settled(book.with_defs(fixed))


class _Fixer:
    """Fixes the rules of one top-level function and its local ones."""

    def __init__(self, book: Book, context: Context, definition: str) -> None:
        self.book = book
        self.context = context
        self.user_name = definition

    def definition(self, definition: Def) -> Def:
        """Fixes all rules; they must have as many patterns as the first one."""
        expected = len(definition.rules[0].patterns)
        found = len(self.context.report.errors)
        fixed = replace(definition, rules=tuple(map(self.rule, definition.rules)))
        # Parentheses that are missing around a constructor make two patterns of one; once is enough to say that.
        for rule in definition.rules if found == len(self.context.report.errors) else ():
            if len(rule.patterns) != expected:
                self.context.report.add(error(
                    'rule-arity', f"This rule of '{definition.name}' has {_count(len(rule.patterns), 'pattern')}, "
                    f'but its first rule has {expected}.', rule.span,
                    hint='All rules of a function take the same number of arguments.', definition=self.user_name))
        return fixed

    def rule(self, rule: Rule) -> Rule:
        """Fixes the patterns, and the local functions in the body."""
        for pattern in rule.patterns:
            for part in pattern_parts(pattern):
                if isinstance(part, PVar) and part.name is not None:
                    self.check_name(part, part.name, rule.body)
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

    def check_name(self, variable: PVar, name: str, body: Term) -> None:
        """Warns of a variable that is most likely meant to be a constructor."""
        if name in self.book.constructors or not looks_like_constructor(name) or any(
                isinstance(part, Var) and part.name == name for part in subterms(body)):
            return
        hint = self.context.did_you_mean(name, self.book.constructors, variable.span) or CONSTRUCTOR_HINT
        self.context.report.add(warning(
            'misspelt-constructor', f"'{name}' is not a constructor, so this pattern matches every value.",
            variable.span, hint=hint, definition=self.user_name))

    def constructor(self, pattern: PCtr) -> Pattern:
        """Checks that the constructor exists and has that many fields; wrong ones become wildcards."""
        known = self.book.constructors.get(pattern.name)
        if known is None:
            near = self.context.did_you_mean(pattern.name, self.book.constructors, pattern.span)
            self.context.report.add(error(
                'unknown-constructor', f"There is no constructor named '{pattern.name}'.", pattern.span,
                hint=near or _unknown_hint(pattern), definition=self.user_name))
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


def _unknown_hint(pattern: PCtr) -> str:
    if not pattern.arguments:
        return f"A variable is written without parentheses: '{pattern.name}'."
    return CONSTRUCTOR_HINT


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}' + ('' if number == 1 else 's')
