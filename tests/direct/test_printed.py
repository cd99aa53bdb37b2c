"""Comparing printed results up to names."""

from __future__ import annotations

import pytest

from tests.direct.printed import same_text


@pytest.mark.parametrize(('text', 'other'), [
    ('λa λb (b a "λa a")', 'λx λy (y x "λa a")'),
    ('(λa a, λa a)', '(λa a, λb b)'),
    ('λa switch a = a { 0: 1; _: a-1; }', 'λc switch b = c { 0: 1; _: b-1; }'),
    ('[λb (b λc switch c = c { 0: λd d; _: λd d; })]', '[λn (n λo switch o = o { 0: λp p; _: λq q; })]'),
    ('λ$b ($b List/Nil)', 'λ$q ($q List/Nil)'),
    ('λa let {b c} = a; (b c)', 'λa let {d e} = a; (d e)'),
    ('λ* 1', 'λ*  1'),
])
def test_names_do_not_count(text: str, other: str) -> None:
    assert same_text(text, other)


@pytest.mark.parametrize(('text', 'other'), [
    ('λa λb (a b)', 'λa λb (b a)'),
    ('λa λa a', 'λa λb a'),
    ('(λa a a)', '(λa a b)'),
    ('λa (a Box/Mk/tag 1)', 'λa (a Box/None/tag 1)'),
    ('"a"', '"b"'),
    ('λa switch a = a { 0: 1; _: a-1; }', 'λa switch b = a { 0: 1; _: b-2; }'),
    ('λa let {b c} = a; (b c)', 'λa let {b c} = a; (c b)'),
])
def test_everything_else_counts(text: str, other: str) -> None:
    assert not same_text(text, other)
