"""Which locals are values: those whose one assignment comes before each use, wherever the code goes."""

from __future__ import annotations

import pytest

from bend.codegen import lir
from bend.codegen.lir_once import assigned_once

N, X, Y = (lir.Local(name, lir.U64) for name in 'nxy')
ONE = lir.Const(1, lir.U64)
IS_ONE = lir.Compare('eq', N, ONE)


@pytest.mark.parametrize(('body', 'expected'), [
    ((lir.Return(N),), 'n'),
    ((lir.Assign(N, ONE), lir.Return(N)), ''),
    ((lir.Assign(X, N), lir.Return(X)), 'nx'),
    ((lir.Assign(X, N), lir.Assign(X, ONE), lir.Return(X)), 'n'),
    # Assigned in one arm, used behind it; used in the arm only.
    ((lir.If(IS_ONE, (lir.Assign(X, N),)), lir.Return(X)), 'n'),
    ((lir.If(IS_ONE, (lir.Assign(X, N), lir.Return(X))), lir.Return(N)), 'nx'),
    ((lir.If(IS_ONE, (lir.Assign(X, N),), (lir.Assign(X, ONE),)), lir.Return(X)), 'n'),
    # A turn of a loop that uses what the one before has left.
    ((lir.While(IS_ONE, (lir.If(IS_ONE, (lir.Return(X),)), lir.Assign(X, N))), lir.Return(N)), 'n'),
    ((lir.While(lir.Compare('eq', X, ONE), (lir.Assign(X, N),)), lir.Return(N)), 'n'),
    ((lir.While(IS_ONE, (lir.Assign(X, N), lir.Assign(Y, X))), lir.Return(N)), 'nxy'),
    ((lir.Assign(X, N), lir.While(IS_ONE, (lir.Assign(Y, X), lir.Return(Y))), lir.Return(X)), 'nxy'),
    # Arms of a switch do not know of each other.
    ((lir.Switch(N, (lir.Case((1,), (lir.Assign(X, N),)), lir.Case((2,), (lir.Return(X),)))), lir.Return(N)), 'n'),
    ((lir.Fork((X, Y), (lir.Call('f', (N,), lir.U64),) * 2), lir.Return(lir.Binary('add', X, Y))), 'nxy'),
    ((lir.Fork((X, X), (lir.Call('f', (N,), lir.U64),) * 2), lir.Return(X)), 'n'),
])
def test_assigned_once(body: lir.Block, expected: str) -> None:
    function = lir.Function('f', (('n', lir.U64),), lir.U64, body)
    assert assigned_once(function) == set(expected)
