"""The grammar's expressions in a fast form: those that the next token rules out are not tried.

Most alternatives of a rule begin with different tokens, and most optional parts are not there. Expressions have the
methods and fields of those of `parsimonious`, so that rules in Python serve both forms. This form says nothing about a
failed parse; `bend.syntax.errors` asks the library's then, which other programs need not import.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from bend.syntax.grammar.notation import Forms

Custom = Callable[[Any, int, Any, Any, Any], 'tuple[int, list[Any]] | None']
"""A rule in Python: of tokens, a position, the memo, `error`, which is not used, and the grammar; where the match ends
and its parts, or None."""


class Node:
    """A node of the parse tree: what matched, from which token to which, and the nodes below."""

    __slots__ = ('children', 'end', 'expr', 'start')

    def __init__(self, expr: Expression, start: int, end: int, children: list[Node]) -> None:
        self.expr = expr
        self.start = start
        self.end = end
        self.children = children


class Expression(ABC):
    """What matches tokens. `name` is that of the rule, if it is the whole of one."""

    name = ''
    members: tuple[Any, ...] = ()

    def match_core(self, tokens: Any, position: int, memo: Any, error: Any) -> Node | None:
        """The node that matches at a position, or None; from the packrat `memo`, if it is known."""
        table = memo[id(self)]
        if position not in table:
            table[position] = self.match(tokens, position, memo, error)
        found: Node | None = table[position]
        return found

    @abstractmethod
    def match(self, tokens: Any, position: int, memo: Any, error: Any) -> Node | None:
        """The same without the memo."""


class Token(Expression):
    """A token of a type."""

    def __init__(self, literal: str) -> None:
        self.literal = literal

    def match(self, tokens: Any, position: int, memo: Any, error: Any) -> Node | None:
        """The node of a token."""
        return Node(self, position, position + 1, []) if tokens[position].type == self.literal else None

    match_core = match


class Sequence(Expression):
    """Parts that follow each other."""

    def __init__(self, *members: Any) -> None:
        self.members = members

    def match(self, tokens: Any, position: int, memo: Any, error: Any) -> Node | None:
        """A node of those of all parts."""
        children = []
        end = position
        for member in self.members:
            node = member.match_core(tokens, end, memo, error)
            if node is None:
                return None
            children.append(node)
            end = node.end
        return Node(self, position, end, children)


class OneOf(Expression):
    """Alternatives: `choices` has those for the types of the next token, `others` those for all other types."""

    choices: dict[str, list[Any]]
    others: list[Any]

    def __init__(self, *members: Any) -> None:
        self.members = members

    def match(self, tokens: Any, position: int, memo: Any, error: Any) -> Node | None:
        """A node of that of the first alternative that matches."""
        for member in self.choices.get(tokens[position].type, self.others):
            node = member.match_core(tokens, position, memo, error)
            if node is not None:
                return Node(self, position, node.end, [node])
        return None


class Repeated(Expression):
    """A part that is repeated; it is never empty. `begins` has the types of tokens that can begin it (None: any)."""

    begins: frozenset[str] | None

    def __init__(self, member: Any, least: int, most: float = float('inf')) -> None:
        self.members = (member,)
        self.least = least
        self.most = most

    def match(self, tokens: Any, position: int, memo: Any, error: Any) -> Node | None:
        """A node of all that match."""
        member, begins, most = self.members[0], self.begins, self.most
        children: list[Node] = []
        end = position
        while (begins is None or tokens[end].type in begins) and len(children) < most:
            node = member.match_core(tokens, end, memo, error)
            if node is None:
                break
            children.append(node)
            end = node.end
        return Node(self, position, end, children) if len(children) >= self.least else None


class Rule(Expression):
    """A rule in Python."""

    def __init__(self, name: str, function: Custom, grammar: Mapping[str, Any]) -> None:
        self.name = name
        self.function = function
        self.grammar = grammar

    def match(self, tokens: Any, position: int, memo: Any, error: Any) -> Node | None:
        """A node of those that the function gives."""
        found = self.function(tokens, position, memo, error, self.grammar)
        return None if found is None else Node(self, position, *found)


FORMS = Forms(Token, Sequence, OneOf, {
    '?': partial(Repeated, least=0, most=1), '*': partial(Repeated, least=0), '+': partial(Repeated, least=1)})

Firsts = dict[int, tuple['frozenset[str] | None', bool]]


def expressions(grammar: Mapping[str, Any]) -> Iterator[Any]:
    """All expressions of a grammar, of either form, each once."""
    seen: set[int] = set()
    pending = list(grammar.values())
    while pending:
        expression = pending.pop()
        if id(expression) not in seen:
            seen.add(id(expression))
            yield expression
            pending.extend(getattr(expression, 'members', ()))


def first(expression: Expression, known: Firsts) -> tuple[frozenset[str] | None, bool]:
    """The token types that can begin an expression (None: any), and whether it can be empty.

    The grammar must not be left recursive. `known` keeps what was found.
    """
    found = known.get(id(expression))
    if found is None:
        found = known[id(expression)] = _first(expression, known)
    return found


def _first(expression: Expression, known: Firsts) -> tuple[frozenset[str] | None, bool]:
    match expression:
        case Token():
            return frozenset((expression.literal,)), False
        case Repeated():
            types, empty = first(expression.members[0], known)
            return types, empty or expression.least == 0
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


def make_predictive(grammar: dict[str, Any]) -> dict[str, Any]:
    """The grammar, whose expressions come to know what can begin them."""
    known: Firsts = {}
    for expression in expressions(grammar):
        if not expression.name:
            # It is part of one rule only, and matched again only where that is.
            expression.match_core = expression.match
        if isinstance(expression, OneOf):
            _predict_choices(expression, known)
        elif isinstance(expression, Repeated):
            expression.begins, _ = first(expression.members[0], known)
    return grammar


def _predict_choices(expression: OneOf, known: Firsts) -> None:
    firsts = [(member, *first(member, known)) for member in expression.members]
    types = frozenset().union(*(types for _, types, _ in firsts if types is not None))
    expression.others = [member for member, begins, empty in firsts if begins is None or empty]
    expression.choices = {
        kind: [member for member, begins, empty in firsts if begins is None or empty or kind in begins]
        for kind in types}
