"""A faster form of the grammar's expressions: those that the next token rules out are not tried.

Most alternatives of a rule begin with different tokens, and most optional parts are not there. The memo of a failed
parse by these expressions does not tell all that was expected; `bend.syntax.errors` wants that of the plain grammar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from parsimonious.expressions import OneOf, Quantifier, Sequence, TokenMatcher
from parsimonious.nodes import Node


def expressions(grammar: Mapping[str, Any]) -> Iterator[Any]:
    """All expressions of a grammar, each once."""
    seen: set[int] = set()
    pending = list(grammar.values())
    while pending:
        expression = pending.pop()
        if id(expression) not in seen:
            seen.add(id(expression))
            yield expression
            pending.extend(getattr(expression, 'members', ()))


def first(expression: Any, known: dict[int, tuple[frozenset[str] | None, bool]]) -> tuple[frozenset[str] | None, bool]:
    """The token types that can begin an expression (None: any), and whether it can be empty.

    The grammar must not be left recursive. `known` keeps what was found.
    """
    found = known.get(id(expression))
    if found is None:
        found = known[id(expression)] = _first(expression, known)
    return found


def _first(expression: Any, known: dict[int, tuple[frozenset[str] | None, bool]]) -> tuple[frozenset[str] | None, bool]:
    match expression:
        case TokenMatcher():
            return frozenset((expression.literal,)), False
        case Quantifier():
            types, empty = first(expression.members[0], known)
            return types, empty or expression.min == 0
        case OneOf() | Sequence():
            union: frozenset[str] | None = frozenset()
            empty = isinstance(expression, Sequence)
            for member in expression.members:
                types, member_empty = first(member, known)
                union = None if union is None or types is None else union | types
                if isinstance(expression, OneOf):
                    empty = empty or member_empty
                elif not member_empty:
                    return union, False
            return union, empty
        case _:  # a rule in Python
            return None, False


class _Memoized:
    """The packrat memo, without the bookkeeping for errors."""

    def match_core(self, tokens: Any, position: int, memo: Any, error: Any) -> Any:
        """The node that matches at a position, or None."""
        table = memo[id(self)]
        if position not in table:
            table[position] = self._uncached_match(tokens, position, memo, error)  # type: ignore[attr-defined]
        return table[position]


class _Token(TokenMatcher):  # type: ignore[misc]
    def match_core(self, tokens: Any, position: int, memo: Any, error: Any) -> Any:
        """The node of a token; not worth a memo."""
        return Node(self, tokens, position, position + 1) if tokens[position].type == self.literal else None


class _Sequence(_Memoized, Sequence):  # type: ignore[misc]
    def _uncached_match(self, tokens: Any, position: int, memo: Any, error: Any) -> Any:
        children = []
        end = position
        for member in self.members:
            node = member.match_core(tokens, end, memo, error)
            if node is None:
                return None
            children.append(node)
            end = node.end
        return Node(self, tokens, position, end, children)


class _OneOf(_Memoized, OneOf):  # type: ignore[misc]
    """`choices` has the alternatives for the types of the next token, `others` those for all other types."""

    choices: dict[str, list[Any]]
    others: list[Any]

    def _uncached_match(self, tokens: Any, position: int, memo: Any, error: Any) -> Any:
        for member in self.choices.get(tokens[position].type, self.others):
            node = member.match_core(tokens, position, memo, error)
            if node is not None:
                return Node(self, tokens, position, node.end, [node])
        return None


class _Quantifier(_Memoized, Quantifier):  # type: ignore[misc]
    """`begins` has the types of tokens that can begin the repeated part."""

    begins: frozenset[str]

    def _uncached_match(self, tokens: Any, position: int, memo: Any, error: Any) -> Any:
        member, begins, most = self.members[0], self.begins, self.max
        children: list[Any] = []
        end = position
        while tokens[end].type in begins and len(children) < most:
            node = member.match_core(tokens, end, memo, error)
            if node is None:
                break
            children.append(node)
            end = node.end
        return Node(self, tokens, position, end, children) if len(children) >= self.min else None


def make_predictive(grammar: dict[str, Any]) -> dict[str, Any]:
    """The grammar, whose expressions become predictive ones."""
    known: dict[int, tuple[frozenset[str] | None, bool]] = {}
    for expression in list(expressions(grammar)):
        if type(expression) is TokenMatcher:
            expression.__class__ = _Token
        elif type(expression) is Sequence:
            expression.__class__ = _Sequence
        elif type(expression) is OneOf:
            _predict_choices(expression, known)
        elif type(expression) is Quantifier:
            types, empty = first(expression.members[0], known)
            if types is not None and not empty:
                expression.__class__ = _Quantifier
                expression.begins = types
    return grammar


def _predict_choices(expression: Any, known: dict[int, tuple[frozenset[str] | None, bool]]) -> None:
    firsts = [(member, *first(member, known)) for member in expression.members]
    types = frozenset().union(*(types for _, types, _ in firsts if types is not None))
    expression.__class__ = _OneOf
    expression.others = [member for member, begins, empty in firsts if begins is None or empty]
    expression.choices = {
        kind: [member for member, begins, empty in firsts if begins is None or empty or kind in begins]
        for kind in types}
