"""Which arm of a match a value takes, as statements of LIR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from bend.codegen import lir
from bend.codegen.direct import values as val
from bend.codegen.direct.values import u64
from bend.runtime.direct import program as words

Numbered: TypeAlias = Sequence[tuple[int, lir.Block]]
"""Arms, each with the number of the shape that takes it."""


def chosen_arm(value: lir.Expr, header: lir.Expr, cells: Numbered, immediates: Numbered, other: lir.Block,
               *, is_tested: bool) -> lir.Block:
    """The arm that a value takes: one for a cell, which its `header` tells, or for an immediate. Unless it `is_tested`
    whether there is an arm, there is one; where there is none, the `other` block is taken."""
    cell = _one_of(val.shape_in(header), cells, other, is_tested)
    immediate = _one_of(lir.Binary('shr', value, u64(words.INDEX_SHIFT)), immediates, other, is_tested)
    if not is_tested:
        if not cells or not immediates:
            return immediate if immediates else cell
        return (lir.If(val.has_tag(value, words.CELL), cell, immediate),)
    rest = (lir.If(val.has_tag(value, words.IMMEDIATE), immediate, other),) if immediates else other
    return (lir.If(val.has_tag(value, words.CELL), cell, rest),) if cells else rest


def _one_of(number: lir.Expr, arms: Numbered, other: lir.Block, is_tested: bool) -> lir.Block:
    """The arm with a number; the last one takes all others unless that is to be tested."""
    if not arms:
        return other
    if len(arms) == 1 and not is_tested:
        return arms[0][1]
    if len(arms) == 2 and not is_tested:
        return (lir.If(lir.Compare('eq', number, u64(arms[0][0])), arms[0][1], arms[1][1]),)
    default = other if is_tested else arms[-1][1]
    tested = arms if is_tested else arms[:-1]
    return (lir.Switch(number, tuple(lir.Case((value,), block) for value, block in tested), default),)
