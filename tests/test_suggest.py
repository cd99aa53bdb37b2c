"""Which names a misspelt one may stand for."""

from __future__ import annotations

import pytest

from bend.suggest import closest, did_you_mean


@pytest.mark.parametrize(('name', 'candidates', 'expected'), [
    ('totl', ['total', 'totals'], ['total']),
    ('form', ['from', 'for'], ['from']),
    ('coin/head', ['Coin/Head', 'Coin/Heap'], ['Coin/Head']),
    ('Nil', ['List/Nil', 'String/Nil', 'main'], ['List/Nil', 'String/Nil']),
    ('Lst/Nil', ['List/Nil', 'String/Nil'], ['List/Nil']),
    ('List/lenght', ['String/length', 'List/length'], ['List/length']),
    ('wrap', ['A/wrap', 'B/wrap', 'C/wrap', 'D/wrap'], []),
    ('x', ['y'], []), ('ghost', ['main', 'host__C0', 'ghost%1'], []), ('ghost', ['ghost'], []), ('', ['a'], []),
])
def test_closest(name: str, candidates: list[str], expected: list[str]) -> None:
    assert closest(name, candidates) == expected


def test_the_hint() -> None:
    assert did_you_mean('Nil', ['List/Nil', 'String/Nil']) == "Did you mean 'List/Nil' or 'String/Nil'?"
    assert did_you_mean('Nil', ['List/Nil']) == "Did you mean 'List/Nil'?"
    assert did_you_mean('Nil', []) == ''
