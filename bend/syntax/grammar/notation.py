"""Reads `.peg` files: rules over tokens in the notation of `parsimonious`.

`parsimonious.TokenGrammar` reads that notation as well, but takes 80 ms at each start, more than most programs take to
be parsed. Here are only types of tokens in quotes, names of rules, sequences, alternatives, `?`, `*`, `+` and
parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bend.records import dataclass

_TOKEN = re.compile(r'(?P<blank>\s+|#.*)|(?P<label>\w+)\s*=|(?P<name>\w+)|"(?P<literal>[^"]*)"|(?P<sign>[/?*+()])')


@dataclass(frozen=True, slots=True)
class Forms:
    """What makes the expressions: of a type of tokens, of several parts or alternatives, and by its sign (`?`, `*`,
    `+`) of a part that is repeated. Expressions with parts have them in `members`."""

    token: Callable[[str], Any]
    sequence: Callable[..., Any]
    one_of: Callable[..., Any]
    repeated: Mapping[str, Callable[[Any], Any]]


class _Reference:
    """A rule that is named where it may not have been read yet."""

    def __init__(self, rule: str) -> None:
        self.rule = rule


def read_rules(text: str, rules: dict[str, Any], forms: Forms) -> None:
    """Adds the expression of each rule, in some forms, to `rules`; those that are there already can be named, too.
    Raises ValueError for what is not in the notation, and KeyError where a rule is named that is not there."""
    read = dict(_Reader(text, forms).rules())
    rules.update(read)
    for name, expression in read.items():
        rules[name] = _referred(expression, rules)
        _put_rules(expression, rules)


def _referred(expression: Any, rules: dict[str, Any]) -> Any:
    """The rule that is named, if this is a name."""
    while isinstance(expression, _Reference):
        expression = rules[expression.rule]
    return expression


def _put_rules(expression: Any, rules: dict[str, Any]) -> None:
    """Puts rules in the place of their names in an expression."""
    members = getattr(expression, 'members', ())
    if members:
        for member in members:
            _put_rules(member, rules)
        expression.members = tuple(_referred(member, rules) for member in members)


class _Reader:
    def __init__(self, text: str, forms: Forms) -> None:
        self.forms = forms
        self.tokens = [*_tokens(text), ('end', '')]
        self.at = 0

    def rules(self) -> Iterator[tuple[str, Any]]:
        """The rules, with the names of others in them."""
        while self.kind != 'end':
            name = self.take('label')
            expression = self.alternatives()
            if not isinstance(expression, _Reference):
                expression.name = name
            yield name, expression

    def alternatives(self) -> Any:
        """What is tried one after the other."""
        found = [self.sequence()]
        while self.tokens[self.at] == ('sign', '/'):
            self.take('sign')
            found.append(self.sequence())
        return found[0] if len(found) == 1 else self.forms.one_of(*found)

    def sequence(self) -> Any:
        """What must follow each other: one part at least."""
        found = [self.part()]
        while self.kind in ('name', 'literal') or self.tokens[self.at] == ('sign', '('):
            found.append(self.part())
        return found[0] if len(found) == 1 else self.forms.sequence(*found)

    def part(self) -> Any:
        """A name, the type of a token, or what is in parentheses, and how often."""
        if self.kind == 'name':
            found: Any = _Reference(self.take('name'))
        elif self.kind == 'literal':
            found = self.forms.token(self.take('literal'))
        else:
            self.take('sign', '(')
            found = self.alternatives()
            self.take('sign', ')')
        if self.kind == 'sign' and self.tokens[self.at][1] in self.forms.repeated:
            found = self.forms.repeated[self.take('sign')](found)
        return found

    @property
    def kind(self) -> str:
        """The kind of the next token."""
        return self.tokens[self.at][0]

    def take(self, kind: str, text: str | None = None) -> str:
        """Goes past a token of a kind, with a text if that matters; raises ValueError if there is another one."""
        found = self.tokens[self.at]
        if found[0] != kind or text not in (None, found[1]):
            raise ValueError(f'a grammar has {found[1] or found[0]!r} for {text or kind!r}')
        self.at += 1
        return found[1]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """The tokens of the notation, with their kinds."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f'a grammar has {text[at]!r}')
        assert match.lastgroup is not None
        if match.lastgroup != 'blank':
            yield match.lastgroup, match[match.lastgroup]
        at = match.end()
