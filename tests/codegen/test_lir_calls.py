"""Walks over LIR: whom functions call, and which branches constants rule out."""

from __future__ import annotations

import pytest

from bend.codegen import lir
from bend.codegen.lir_calls import callees_of, reachable, recursion
from bend.codegen.lir_fold import fold_branches, known_condition

N = lir.Local('n', lir.U64)
YES, NO = lir.Const(True, lir.BOOL), lir.Const(False, lir.BOOL)
UNKNOWN = lir.Compare('eq', N, lir.Const(0, lir.U64))
TABLE = lir.Global('table', lir.U64, 1, (3,))
OTHER = lir.Global('other', lir.U64, 1, (4,))


def call(name: str, *arguments: lir.Expr) -> lir.Call:
    return lir.Call(name, arguments, lir.U64)


def function(name: str, *body: lir.Stmt) -> lir.Function:
    return lir.Function(name, (('n', lir.U64),), lir.U64, body)


def test_callees_are_found_wherever_they_stand() -> None:
    pointer = lir.Convert(call('a', N), lir.Ptr(lir.U64))
    body = (
        lir.Assign(lir.Local('x', lir.U64), lir.Binary('add', call('b', call('c', N)), lir.Neg(call('d', N)))),
        lir.Store(lir.IndexAddress(pointer, call('e', N)), lir.Select(UNKNOWN, call('f', N), call('g', N))),
        lir.AtomicStore(pointer, lir.AtomicRmw('add', pointer, call('h', N))),
        lir.While(lir.Logical('or', UNKNOWN, lir.Compare('eq', N, call('i', N))), (
            lir.Switch(call('j', N), (lir.Case((1,), (lir.ExprStmt(call('k', N)),)),), (lir.ExprStmt(call('a', N)),)),
        )),
        lir.If(lir.Not(UNKNOWN), (lir.Return(call('l', lir.Load(pointer))),)),
        lir.Return(lir.CompareExchange(pointer, call('m', N), lir.Intrinsic('ctz', (call('n', N),)))),
    )
    assert ''.join(callees_of(function('root', *body))) == 'bcdaefghijklmn'


def test_what_roots_reach() -> None:
    first = function('first', lir.ExprStmt(call('second', N)), lir.Return(lir.Load(TABLE.address())))
    others = [function(name, lir.Return(N)) for name in ('second', 'third')]
    kept = reachable(lir.Module((*others, first), (), (TABLE, OTHER)), ['first'])
    assert [item.name for item in kept.functions] == ['second', 'first']
    assert kept.globals == (TABLE,)
    with pytest.raises(KeyError, match='fourth'):
        reachable(kept, ['fourth'])


@pytest.mark.parametrize(('calls', 'ring'), [
    ('ab bc cd ad', None), ('aa', 'a'), ('ab bc cb', 'bc'), ('ab ac bd cd de ec', 'dec'),
])
def test_recursion(calls: str, ring: str | None) -> None:
    names = sorted(set(calls) - {' '})
    functions = [function(name, *(lir.ExprStmt(call(pair[1], N)) for pair in calls.split() if pair[0] == name),
                          lir.Return(N)) for name in names]
    found = recursion(lir.Module(tuple(functions)))
    assert found == (None if ring is None else tuple(_rotated(ring, found)))


def _rotated(ring: str, found: tuple[str, ...] | None) -> str:
    """The ring from where the found one starts."""
    assert found is not None
    start = ring.index(found[0])
    return ring[start:] + ring[:start]


@pytest.mark.parametrize(('condition', 'known'), [
    (YES, True), (lir.Not(YES), False), (UNKNOWN, None), (lir.Not(UNKNOWN), None),
    (lir.Compare('lt', lir.Const(1, lir.U64), lir.Const(2, lir.U64)), True),
    (lir.Logical('and', NO, UNKNOWN), False), (lir.Logical('or', YES, UNKNOWN), True),
    (lir.Logical('and', YES, UNKNOWN), None), (lir.Logical('and', YES, NO), False), (lir.Logical('or', NO, NO), False),
    (lir.Logical('and', UNKNOWN, NO), None), (lir.Intrinsic('likely', (NO,)), False),
])
def test_known_conditions(condition: lir.Expr, known: bool | None) -> None:
    assert known_condition(condition) is known


def test_branches_that_cannot_be_taken_go() -> None:
    one, two = (lir.ExprStmt(call(name, N)) for name in ('one', 'two'))
    inner = lir.If(NO, (one,), (two,))
    body = (
        lir.If(YES, (inner, one), (two,)),
        lir.While(UNKNOWN, (inner,)),
        lir.Switch(N, (lir.Case((1,), (inner,)),), (inner, one)),
        lir.If(UNKNOWN, (inner,), (lir.If(NO, (one,)),)),
        lir.Return(N),
    )
    folded = fold_branches(lir.Module((function('root', *body),)))
    assert folded.function('root').body == (
        two, one,
        lir.While(UNKNOWN, (two,)),
        lir.Switch(N, (lir.Case((1,), (two,)),), (two, one)),
        lir.If(UNKNOWN, (two,), ()),
        lir.Return(N),
    )


def test_what_is_made_of_constants() -> None:
    """As the tags of ports are, where ports are known."""
    port, mask = lir.Const(0x2003, lir.U64), lir.Const(15, lir.U64)
    tag = lir.Binary('and', port, mask)
    two, below = lir.Binary('sub', tag, lir.Const(1, lir.U64)), lir.Binary('sub', lir.Const(0, lir.U64), tag)
    assert known_condition(lir.Compare('eq', tag, lir.Const(3, lir.U64))) is True
    assert known_condition(lir.Compare('le', two, lir.Const(1, lir.U64))) is False
    assert known_condition(lir.Compare('eq', below, lir.Const((1 << 64) - 3, lir.U64))) is True
    assert known_condition(lir.Compare('eq', lir.Binary('and', N, mask), tag)) is None
