"""The predictive form of the grammar reads what the plain one reads, as the same trees."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from parsimonious.exceptions import ParseError

from bend.source import Source
from bend.syntax import grammar, layout
from bend.syntax.lexer import Token

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob('examples/*.bend'), *ROOT.glob('stdlib/*.bend')])


def tree(found: Any) -> Any:
    """A parse tree as tuples; None where nothing matched."""
    return found and (found.expr.name, found.start, found.end, tuple(map(tree, found.children)))


def parsed(rules: Any, rule: str, tokens: list[Token]) -> Any:
    """The tree of a rule at the first token."""
    return tree(rules[rule].match_core(tokens, 0, defaultdict(dict), ParseError(tokens)))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_both_forms_give_the_same_trees(path: Path) -> None:
    for run in layout.split(Source(path.name, path.read_text(encoding='utf-8'))):
        for tokens in (run.tokens, [*run.tokens[:len(run.tokens) // 2], run.tokens[-1]]):
            rule = f'{run.kind}_item'
            assert parsed(grammar.load(), rule, tokens) == parsed(grammar.plain(), rule, tokens)
