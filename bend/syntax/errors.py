"""Says why tokens did not parse: the place of the furthest failure, what was expected there and what was found."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

from parsimonious.exceptions import ParseError

from bend.diagnostics import Diagnostic, Label, Severity
from bend.source import Source, Span
from bend.syntax import grammar
from bend.syntax.grammar.predict import expressions, first
from bend.syntax.lexer import Token

# Rules that are named as a whole when they fail at a place, before single tokens are; the first ones win.
_NOUNS = {
    'statement': 'a statement', 'expr': 'a term', 'term': 'a term', 'rule_pattern': 'a pattern', 'pattern': 'a pattern',
    'simple_pattern': 'a pattern', 'type': 'a type', 'fun_arrow': 'a type', 'parameter': 'a parameter',
    'fun_item': 'a top-level definition',
}
# What may go on after a complete term; not worth a word where something else was expected as well.
_CONTINUATIONS = ('operator', 'postfix')
_WORDS = {
    'NAME': 'a name', 'NUMBER': 'a number', 'STRING': 'a string', 'NEWLINE': 'end of line',
    'INDENT': 'an indented block', 'DEDENT': 'the end of the block', 'END': 'the end of the definition',
    'UNSCOPED': 'a `$` variable', 'CHAR': 'a character', 'SYMBOL': 'a symbol', 'LAMBDA': '`lambda`',
    'INPLACE': 'an in-place operator', 'OP': 'an operator',
}
_OPENERS = {'(': ')', '[': ']', '{': '}', '![': ']'}


@cache
def _matchers() -> list[tuple[int, str]]:
    """The identity and token type of every terminal of the grammar."""
    return [(id(expression), expression.literal) for expression in expressions(grammar.plain())
            if hasattr(expression, 'literal')]


@cache
def _first_of(rule: str) -> frozenset[str]:
    return first(grammar.plain()[rule], {})[0] or frozenset()


def explain(source: Source, tokens: list[Token], rule: str, start: int) -> tuple[int, Diagnostic]:
    """The token index at which the parse of a rule that began at `start` got stuck, and the diagnostic."""
    # The packrat table of the failed parse: position by position, what each expression matched.
    memo: Any = defaultdict(dict)
    grammar.plain()[rule].match_core(tokens, start, memo, ParseError(tokens))
    failures: dict[int, set[str]] = {}
    for identity, kind in _matchers():
        for position, node in memo.get(identity, {}).items():
            if node is None:
                failures.setdefault(position, set()).add(kind)
    position = max(failures, default=start)
    token = tokens[position]
    expected = _words(failures.get(position, set()), memo, position)
    found = _found(source, token)
    message = f'expected {_either(expected)}, found {found}' if expected else f'unexpected {found}'
    if token.type == 'INDENT':
        message = 'unexpected indentation'
    span = Span(source, token.start, token.end)
    labels = [Label(span)]
    opener = _unclosed(tokens, start, position)
    if opener is not None and token.type in ('NEWLINE', 'END'):
        labels.append(Label(Span(source, opener.start, opener.end), 'opened here'))
    return position, Diagnostic('indentation' if token.type == 'INDENT' else 'syntax', message, tuple(labels),
                                _hint(tokens, position, expected), Severity.ERROR)


def _words(types: set[str], memo: Any, position: int) -> list[str]:
    """What was expected at a position, in words."""
    rules = grammar.plain()
    words: list[str] = []
    for rule, noun in _NOUNS.items():
        table = memo.get(id(rules[rule]), {})
        if position in table and table[position] is None:
            types = types - _first_of(rule)
            if noun not in words:
                words.append(noun)
    if words and 'a statement' in words:
        return ['a statement']
    for rule in _CONTINUATIONS:
        rest = types - _first_of(rule)
        types = rest or types
    if 'NEWLINE' in types:
        types = types - {',', ';', '=', 'INPLACE', '<-'}
    if len(types) > 1:
        types = types - {';', '|', 'END', 'INPLACE'}
    return words + sorted(_WORDS.get(kind, f'`{kind}`') for kind in types)


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f'{", ".join(words[:-1])} or {words[-1]}'


def _found(source: Source, token: Token) -> str:
    if token.text:
        return f'`{token.text}`'
    if token.start >= len(source.text.rstrip()):
        return 'end of input'
    names = {'NEWLINE': 'end of line', 'INDENT': 'deeper indentation', 'DEDENT': 'the end of the block'}
    return names.get(token.type, 'the end of the definition')


def _unclosed(tokens: list[Token], start: int, position: int) -> Token | None:
    """The innermost bracket that is open at a position."""
    open_brackets: list[Token] = []
    for token in tokens[start:position]:
        if token.type in _OPENERS:
            open_brackets.append(token)
        elif token.type in (')', ']', '}') and open_brackets:
            open_brackets.pop()
    return open_brackets[-1] if open_brackets else None


def _hint(tokens: list[Token], position: int, expected: list[str]) -> str:
    token = tokens[position]
    if token.type == 'OP' and token.text == '-' and 'a term' in expected:
        return 'there is no unary minus: write `0 - x`, or a signed number such as `-1`'
    if token.type == '=' and 'a term' not in expected and any(t.type in ('if', 'elif', 'when', 'return')
                                                             for t in tokens[max(0, position - 4):position]):
        return 'write `==` to compare'
    if token.type == 'INDENT':
        return 'only the line after a `:` is indented more deeply'
    if '`else`' in expected:
        return 'every `if` needs an `else`'
    return ''
