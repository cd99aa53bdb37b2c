"""What only the C emitter has: the order of evaluation, calls in the place of their caller, names."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
from c_compiler import COMPILER, compile_c

from bend.codegen import lir
from bend.codegen.c_helpers import Helpers
from bend.codegen.emit_c import Style, emit_c

pytestmark = pytest.mark.skipif(COMPILER is None, reason='there is no C compiler')

N = lir.Local('n', lir.U64)
P = lir.Local('p', lir.Ptr(lir.U64))
POINTER = ('p', P.type)
ONE = lir.Const(1, lir.U64)
TEN = lir.Const(10, lir.U64)


def run(tmp_path: Path, module: lir.Module, *arguments: int, words: int = 1) -> tuple[int, list[int]]:
    """The result of `f(arguments, p)`, and the words at `p` afterwards."""
    memory = (ctypes.c_uint64 * words)()
    library = compile_c(emit_c(module), tmp_path, 0)
    types = [*[ctypes.c_uint64] * len(arguments), ctypes.POINTER(ctypes.c_uint64)]
    return ctypes.CFUNCTYPE(ctypes.c_uint64, *types)(library.address('f'))(*arguments, memory), list(memory)


def add(place: lir.Expr, number: lir.Expr) -> lir.Expr:
    """Adds to memory; gives what was there."""
    return lir.AtomicRmw('add', place, number, 'relaxed')


def exported(*body: lir.Stmt, parameters: tuple[tuple[str, lir.Type], ...] = (POINTER,)) -> lir.Function:
    """The function `f`."""
    return lir.Function('f', parameters, lir.U64, body, exported=True)


def shifted(high: lir.Expr, low: lir.Expr) -> lir.Expr:
    """`high * 10 + low`."""
    return lir.Binary('add', lir.Binary('mul', high, TEN), low)


def test_operands_are_evaluated_from_left_to_right(tmp_path: Path) -> None:
    """A load before, between and after changes sees what was there at that time."""
    expr: lir.Expr = lir.Load(P)
    for item in (add(P, ONE), lir.Load(P), add(P, ONE), add(P, ONE), lir.Load(P)):
        expr = shifted(expr, item)
    assert run(tmp_path, lir.Module((exported(lir.Return(expr)),)))[0] == 1123


def test_a_store_evaluates_its_address_first(tmp_path: Path) -> None:
    place = lir.IndexAddress(P, add(P, ONE))
    module = lir.Module((exported(lir.Store(place, add(P, TEN)), lir.Return(lir.Load(P))),))
    # The element 0 is the counter itself: 0 + 1 + 10, then overwritten by what was there before the 10.
    assert run(tmp_path, module) == (1, [1])


@pytest.mark.parametrize(('n', 'expected'), [(0, (100, [0])), (1, (101, [1])), (2, (102, [2]))])
def test_lazy_operands_act_only_if_they_are_needed(tmp_path: Path, n: int, expected: tuple[int, list[int]]) -> None:
    """The right sides count how often they are evaluated, in two operands so that they need statements."""
    counted = lir.Compare('lt', shifted(add(P, ONE), add(P, lir.Const(0, lir.U64))), lir.Const(1000, lir.U64))
    is_positive = lir.Compare('ge', N, ONE)
    both = lir.Logical('and', is_positive, counted)
    either = lir.Logical('or', lir.Compare('le', N, ONE), counted)
    chosen = lir.Select(lir.Logical('and', both, either), N, lir.Const(0, lir.U64))
    body = lir.Return(lir.Binary('add', lir.Const(100, lir.U64), chosen))
    module = lir.Module((exported(body, parameters=(('n', lir.U64), POINTER)),))
    assert run(tmp_path, module, n) == expected


def test_comparisons_that_the_type_decides(tmp_path: Path) -> None:
    """C compilers warn of them; what is compared with 0 is evaluated all the same."""
    nothing = lir.Const(0, lir.U64)
    total: lir.Expr = nothing
    for comparison in (lir.Compare('lt', add(P, ONE), nothing), lir.Compare('ge', add(P, ONE), nothing),
                       lir.Compare('gt', nothing, add(P, ONE)), lir.Compare('le', nothing, add(P, ONE))):
        total = shifted(total, lir.Convert(comparison, lir.U64))
    assert run(tmp_path, lir.Module((exported(lir.Return(total)),))) == (101, [4])


def test_names_with_a_prefix() -> None:
    """So that two modules fit in one file; what helpers both need is there once."""
    helpers = Helpers()
    body = lir.Return(lir.Intrinsic('ctz', (lir.Load(P),)))
    module = lir.Module((exported(body),), (lir.Struct('Worker', (('id', lir.U64),)),))
    first, second = (emit_c(module, Style(frozenset('f'), prefix=prefix), helpers) for prefix in ('', 'nets_'))
    assert 'u64 f(' in first
    assert 'struct Worker {' in first
    assert 'u64 nets_f(' in second
    assert 'struct NetsWorker {' in second
    assert ('__builtin_ctz' in first, '__builtin_ctz' in second) == (True, False)


def test_a_condition_that_acts_is_evaluated_every_time(tmp_path: Path) -> None:
    turn = lir.Compare('lt', shifted(add(P, ONE), add(P, ONE)), lir.Const(45, lir.U64))
    total = lir.Local('total', lir.U64)
    body = (lir.Assign(total, lir.Const(0, lir.U64)),
            lir.While(turn, (lir.Assign(total, lir.Binary('add', total, ONE)),
                             lir.Switch(total, (lir.Case((9,), (lir.Break(),)),), (lir.Continue(),)))),
            lir.Return(total))
    assert run(tmp_path, lir.Module((exported(*body),))) == (2, [6])


def test_a_break_in_a_switch_leaves_the_loop(tmp_path: Path) -> None:
    total = lir.Local('total', lir.U64)
    body = (lir.Assign(total, lir.Const(0, lir.U64)),
            lir.While(lir.Const(True, lir.BOOL), (
                lir.Assign(total, lir.Binary('add', total, ONE)),
                lir.Switch(total, (lir.Case((5,), (lir.Break(),)),)))),
            lir.Return(total))
    assert run(tmp_path, lir.Module((exported(*body),)))[0] == 5


@pytest.mark.parametrize(('n', 'expected'), [(0, 101), (1, 207), (3_000_000, 101), (3_000_001, 207)])
def test_functions_that_call_each_other_do_not_nest(tmp_path: Path, n: int, expected: int) -> None:
    """Without optimisation, C compilers would nest millions of calls."""
    even = lir.Function('even', (('n', lir.U64), ('weight', lir.F64)), lir.U64, (
        lir.If(lir.Compare('eq', N, lir.Const(0, lir.U64)),
               (lir.Return(lir.Binary('add', lir.Const(100, lir.U64),
                                      lir.Convert(lir.Local('weight', lir.F64), lir.U64))),)),
        lir.Return(lir.Call('odd', (lir.Const(7, lir.U32), lir.Binary('sub', N, ONE)), lir.U64, tail=True))), tail=True)
    odd = lir.Function('odd', (('extra', lir.U32), ('n', lir.U64)), lir.U64, (
        lir.If(lir.Compare('eq', N, lir.Const(0, lir.U64)),
               (lir.Return(lir.Binary('add', lir.Const(200, lir.U64),
                                      lir.Convert(lir.Local('extra', lir.U32), lir.U64))),)),
        lir.Return(lir.Call('even', (lir.Binary('sub', N, ONE), lir.Const(1.5, lir.F64)), lir.U64, tail=True))),
        tail=True)
    start = lir.Return(lir.Call('even', (N, lir.Const(1.5, lir.F64)), lir.U64))
    module = lir.Module((exported(start, parameters=(('n', lir.U64), POINTER)), even, odd))
    assert run(tmp_path, module, n)[0] == expected


def test_names_that_differ_in_punctuation(tmp_path: Path) -> None:
    """Functions, locals, structs and tables whose names C would write alike, and such that mean something in C."""
    names = ('a/b', 'a.b', 'a-b', 'a_b', 'a_b_2', 'int', 'printf', 'errno', '1', 'EOF')
    functions = [lir.Function(name, (('n', lir.U64),), lir.U64, (lir.Return(lir.Binary('add', shifted(
        N, lir.Load(lir.IndexAddress(lir.GlobalAddress(name, P.type), ONE))), lir.Const(0, lir.U64))),), inline='never')
        for name in names]
    tables = [lir.Global(name, lir.U64, 2, (0, number % 10)) for number, name in enumerate(names)]
    places = [lir.Local(name, lir.U64) for name in ('x.1', 'x/1', 'x_1', 'while', 'u64', 'f')]
    body: list[lir.Stmt] = [lir.Assign(place, lir.Binary('add', N, lir.Const(number, lir.U64)))
                            for number, place in enumerate(places)]
    total: lir.Expr = lir.Const(0, lir.U64)
    for place in places:
        total = lir.Binary('add', total, place)
    for name in names:
        total = lir.Call(name, (total,), lir.U64)
    module = lir.Module((exported(*body, lir.Return(total), parameters=(('n', lir.U64), POINTER)), *functions), (),
                        tuple(tables))
    assert run(tmp_path, module, 1)[0] == int('21' + '0123456789')


def test_only_what_is_reached_is_emitted() -> None:
    used = lir.Function('used', (), lir.U64, (lir.Return(ONE),))
    unused = lir.Function('unused', (), lir.U64, (lir.Return(used.call()),))
    never = lir.If(lir.Compare('eq', ONE, TEN), (lir.ExprStmt(unused.call()),))
    text = emit_c(lir.Module((lir.Function('start', (), lir.U64, (never, lir.Return(used.call()))), used, unused)),
                  Style(roots=frozenset({'start'}), comments={'start': 'Begins */ here.'}))
    assert text.split('\n\n')[-2:] == [
        '/* Begins * / here. */\nstatic u64 start(void) {\n    return used();\n}',
        'static u64 used(void) {\n    return 1;\n}\n',
    ]
