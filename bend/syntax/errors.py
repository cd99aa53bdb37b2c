"""Says why tokens did not parse: the place of the furthest failure, what was expected there and what was found."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

from bend.diagnostics import Diagnostic, Label, Severity
from bend.source import Source, Span
from bend.syntax import grammar
from bend.syntax.grammar.predict import expressions, first
from bend.syntax.hints import Stuck, hint
from bend.syntax.lexer import Token

# Rules that are named as a whole when they fail at a place, before single tokens are; the first ones win.
_NOUNS = {
    'statement': 'a statement', 'expr': 'a term', 'operand': 'a term', 'term': 'a term', 'rule_pattern': 'a pattern',
    'pattern': 'a pattern', 'simple_pattern': 'a pattern', 'type': 'a type', 'fun_arrow': 'a type',
    'parameter': 'a parameter', 'fun_item': 'a top-level definition',
}
# What may go on after a complete term; not worth a word where something else was expected as well.
_CONTINUATIONS = ('operator', 'postfix')
_ITEM_WORDS = frozenset(('def', 'type', 'object', 'hvm', 'from', 'import'))
_CLOSERS = {'(': ')', '[': ']', '![': ']', '{': '}'}
_WORDS = {
    'NAME': 'a name', 'NUMBER': 'a number', 'STRING': 'a string', 'NEWLINE': 'the end of the line',
    'INDENT': 'an indented block', 'DEDENT': 'the end of the block', 'END': 'the end of the definition',
    'UNSCOPED': "a '$' variable", 'CHAR': 'a character', 'SYMBOL': 'a symbol', 'LAMBDA': "'lambda'",
    'INPLACE': 'an in-place operator', 'OP': 'an operator',
}


@cache
def _matchers() -> list[tuple[int, str]]:
    """The identity and token type of every terminal of the grammar."""
    return [(id(expression), expression.literal) for expression in expressions(grammar.plain())
            if hasattr(expression, 'literal')]


@cache
def _first_of(rule: str) -> frozenset[str]:
    return first(grammar.load()[rule], {})[0] or frozenset()


def explain(source: Source, tokens: list[Token], rule: str, start: int) -> tuple[int, Diagnostic]:
    """The token index at which the parse of a rule that began at `start` got stuck, and the diagnostic."""
    from parsimonious.exceptions import ParseError
    # The packrat table of the failed parse: position by position, what each expression matched.
    memo: Any = defaultdict(dict)
    grammar.plain()[rule].match_core(tokens, start, memo, ParseError(tokens))
    failures: dict[int, set[str]] = {}
    for identity, kind in _matchers():
        for position, node in memo.get(identity, {}).items():
            if node is None:
                failures.setdefault(position, set()).add(kind)
    position = max(failures, default=start)
    types = failures.get(position, set())
    if position + 1 < len(tokens) and tokens[position].text in types:
        # A word that is a keyword only before what does not follow here.
        position, types = position + 1, {'NAME'}
    return position, _diagnostic(Stuck(source, tokens, start, position, frozenset(types)), memo)


def unexpected(source: Source, tokens: list[Token], position: int, expected: str) -> Diagnostic:
    """The diagnostic for a token after a text that is complete; `expected` is what should have stood there."""
    token = tokens[position]
    stuck = Stuck(source, tokens, 0, position, frozenset(('END',)))
    return Diagnostic('syntax', f'Expected {expected}, found {_found(source, token)}.',
                      (Label(Span(source, token.start, token.end)),), hint(stuck))


def _diagnostic(stuck: Stuck, memo: Any) -> Diagnostic:
    source, token, opener = stuck.source, stuck.token, stuck.opener
    expected = _words(stuck, memo)
    found = _found(source, token)
    message = f'Expected {_either(expected)}, found {found}.' if expected else f'This is unexpected: {found}.'
    first = stuck.tokens[stuck.start]
    if first.type == 'NAME' and first.text in _ITEM_WORDS:
        # Only before a name do these words begin an item of their own.
        return Diagnostic('syntax', f"Expected a name after '{first.text}'.",
                          (Label(Span(source, first.start, first.end)),), '', Severity.ERROR)
    if token.type == 'INDENT':
        message = 'This line is indented too deeply.'
    labels = [Label(Span(source, token.start, token.end))]
    if opener is not None and (token.type in ('NEWLINE', 'END') or _is_later(source, opener, token)
                               or (token.type in _CLOSERS.values() and token.type != _CLOSERS[opener.type])):
        labels.append(Label(Span(source, opener.start, opener.end), 'opened here'))
    code = 'indentation' if token.type == 'INDENT' else 'syntax'
    return Diagnostic(code, message, tuple(labels), hint(stuck), Severity.ERROR)


def _is_later(source: Source, first: Token, second: Token) -> bool:
    """Whether the second token stands on a later line than the first."""
    return '\n' in source.text[first.end:second.start]


def _words(stuck: Stuck, memo: Any) -> list[str]:
    """What was expected, in words."""
    rules, types, position = grammar.plain(), set(stuck.expected), stuck.position
    words: list[str] = []

    def failed(rule: str) -> bool:
        table = memo.get(id(rules[rule]), {})
        return position in table and table[position] is None

    for rule, noun in _NOUNS.items():
        if failed(rule):
            types -= _first_of(rule)
            if noun not in words:
                words.append(noun)
    if 'a statement' in words:
        return ['a statement']
    for rule in filter(failed, _CONTINUATIONS):
        types = types - _first_of(rule) or types
    return words + sorted(_WORDS.get(kind, f"'{kind}'") for kind in _telling(types, stuck))


def _telling(types: set[str], stuck: Stuck) -> set[str]:
    """The token types that are worth a word: what can always go on is not, where something else must come."""
    if 'NEWLINE' in types:
        types = types - {',', ';', '=', 'INPLACE', '<-'}
    if {'=', '<-'} <= types or (':' in types and stuck.opener is None and stuck.is_imp):
        types = types - {',', '['}
    if 'NAME' in types:
        types = types - {'checked', 'unchecked', 'UNSCOPED'}
    if len(types) > 1:
        types = types - {';', '|', 'END', 'INPLACE'}
    return types


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f'{", ".join(words[:-1])} or {words[-1]}'


def _found(source: Source, token: Token) -> str:
    if token.text:
        return token.text if token.text[0] in '"\'`' else f"'{token.text}'"
    if token.start >= len(source.text.rstrip()):
        return 'the end of the argument' if source.name.startswith('<') else 'the end of the file'
    names = {'NEWLINE': 'the end of the line', 'INDENT': 'deeper indentation', 'DEDENT': 'the end of the block'}
    return names.get(token.type, 'the end of the definition')
