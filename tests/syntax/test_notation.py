"""The grammar's notation means what it means to the library whose notation it is."""

from __future__ import annotations

from typing import Any

import pytest
from parsimonious.expressions import OneOf, OneOrMore, Optional, Sequence, TokenMatcher, ZeroOrMore
from parsimonious.grammar import TokenGrammar

from bend.syntax import grammar
from bend.syntax.grammar.notation import Forms, read_rules

FORMS = Forms(TokenMatcher, Sequence, OneOf, {'?': Optional, '*': ZeroOrMore, '+': OneOrMore})


def _local_rules(tokens: Any, position: int, memo: Any, error: Any, rules: Any) -> None:
    """Stands for the rule in Python."""


def test_rules_are_those_of_the_library() -> None:
    expected = TokenGrammar('\n'.join(grammar.texts()), local_rules=_local_rules)
    found = grammar.plain()
    assert found.keys() == expected.keys()
    assert {name: rule.as_rule() for name, rule in found.items()} == \
        {name: rule.as_rule() for name, rule in expected.items()}


@pytest.mark.parametrize('text', ['a', 'a =', 'a = (', 'a = "b" !', 'a = "b" / ', 'a = ?', 'a = "b" )', 'a = "b'])
def test_what_is_not_in_the_notation(text: str) -> None:
    with pytest.raises(ValueError, match='a grammar has'):
        read_rules(text, {}, FORMS)


def test_rules_that_are_not_there() -> None:
    with pytest.raises(KeyError, match='c'):
        read_rules('a = "b" c', {}, FORMS)


def test_names_of_rules_stand_for_them() -> None:
    rules: dict[str, Any] = {}
    read_rules('a = b\nb = c   # the rule itself\nc = "x"? ("y" / b)+', rules, FORMS)
    assert rules['a'] is rules['b'] is rules['c']
    assert rules['c'].as_rule() == "c = 'x'? ('y' / c)+"
