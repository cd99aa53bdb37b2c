"""The PEG grammar of both notations over tokens, put together from the `.peg` files beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from bend.syntax.grammar.notation import Forms, read_rules
from bend.syntax.grammar.predict import FORMS, Rule, make_predictive


def _local_rules(tokens: Any, position: int, memo: Any, error: Any, grammar: Any) -> Any:
    """The adjacent equations of one name of a local `def` in fun; a grammar alone cannot compare the names."""
    item = grammar['local_item']
    children: list[Any] = []
    first = None
    while True:
        name = _defined_name(tokens, position)
        if first is not None and name != first:
            break
        node = item.match_core(tokens, position, memo, error)
        if node is None:
            break
        first = name
        children.append(node)
        position = node.end
    return (position, children) if children else None


def _defined_name(tokens: Any, position: int) -> str:
    """The name that an equation or signature at a position defines, if there is one there."""
    while tokens[position].type in ('(', 'checked', 'unchecked'):
        position += 1
    name: str = tokens[position].text
    return name


def texts() -> list[str]:
    """The texts of the grammar."""
    return [files(__name__).joinpath(name).read_text('utf-8') for name in ('common.peg', 'imp.peg', 'fun.peg')]


def _read(local_rules: Any, rules: dict[str, Any], forms: Forms) -> dict[str, Any]:
    rules['local_rules'] = local_rules
    read_rules('\n'.join(texts()), rules, forms)
    return rules


@cache
def load() -> dict[str, Any]:
    """The grammar's rules by name, in their fast form; made once a process."""
    rules: dict[str, Any] = {}
    return make_predictive(_read(Rule('local_rules', _local_rules, rules), rules, FORMS))


@cache
def plain() -> dict[str, Any]:
    """The same as expressions of `parsimonious`, whose memo after a failed parse tells all that was tried."""
    from parsimonious.expressions import OneOf, OneOrMore, Optional, Sequence, TokenMatcher, ZeroOrMore, expression
    rules: dict[str, Any] = {}
    forms = Forms(TokenMatcher, Sequence, OneOf, {'?': Optional, '*': ZeroOrMore, '+': OneOrMore})
    return _read(expression(_local_rules, 'local_rules', rules), rules, forms)
