"""LIR: the validator finds faults, the printer shows what is there, and emission keeps the semantics."""

from __future__ import annotations

import ctypes

import pytest

from bend.codegen import lir
from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_layout import struct_layout
from bend.codegen.lir_merge import merge
from bend.codegen.lir_printer import print_module
from bend.codegen.lir_validate import ValidationError, validate_module
from bend.runtime.jit import compile_object, host_key, load_object

N = lir.Local('n', lir.U64)
P = lir.Local('p', lir.Ptr(lir.StructName('Pair')))
PAIR = lir.Struct('Pair', (('first', lir.U64), ('flag', lir.BOOL), ('rest', lir.Array(lir.U32, 3))))
ONE = lir.Const(1, lir.U64)
TRUE = lir.Const(True, lir.BOOL)


def module(*body: lir.Stmt, result: lir.Type = lir.U64, **attributes: object) -> lir.Module:
    """A module of one exported function of `n` and `p`."""
    parameters = (('n', lir.U64), ('p', P.type))
    return lir.Module((lir.Function('f', parameters, result, body, exported=True),), (PAIR,))


def returning(expr: lir.Expr) -> lir.Module:
    """A module whose function gives an expression."""
    return module(lir.Return(expr), result=expr.type)


@pytest.mark.parametrize(('bad', 'message'), [
    (module(lir.Return(lir.Const(1, lir.U32))), 'the result is u32, not u64'),
    (module(lir.Return()), 'the result is void, not u64'),
    (module(lir.Assign(lir.Local('x', lir.U32), ONE), lir.Return(N)), 'what is assigned to x is u64, not u32'),
    (module(lir.Assign(lir.Local('n', lir.U32), lir.Const(1, lir.U32)), lir.Return(ONE)), 'n is u64 and u32'),
    (module(lir.Return(lir.Local('x', lir.U64))), 'x is never assigned'),
    (module(lir.Break(), lir.Return(N)), 'break outside of a loop'),
    (module(lir.Continue(), lir.Return(N)), 'continue outside of a loop'),
    (module(lir.If(N, ()), lir.Return(N)), 'a condition is u64, not bool'),
    (module(lir.ExprStmt(lir.Call('g', (), lir.VOID)), lir.Return(N)), 'no function g'),
    (returning(lir.Call('f', (N,), lir.U64)), '1 arguments for f, not 2'),
    (returning(lir.Call('f', (N, N), lir.U64)), 'the argument p of f is u64, not Pair*'),
    (returning(lir.Call('f', (N, P), lir.U64)), ''),
    (returning(lir.Binary('add', N, lir.Const(1, lir.U32))), 'the right side of add is u32, not u64'),
    (returning(lir.Binary('rem', lir.Const(1.0, lir.F64), lir.Const(1.0, lir.F64))), 'no rem of f64'),
    (returning(lir.Const(256, lir.U8)), '256 is no u8'),
    (returning(lir.Not(lir.Const(1.0, lir.F64))), 'no complement of f64'),
    (returning(lir.Bitcast(N, lir.F32)), 'no bitcast from u64 to f32'),
    (returning(lir.Convert(P, lir.F64)), 'no conversion from Pair* to f64'),
    (returning(lir.FieldAddress(P, 'second', lir.Ptr(lir.U64))), 'Pair has no field second'),
    (returning(lir.FieldAddress(P, 'first', lir.Ptr(lir.U32))), 'the field first is u32, not u64'),
    (returning(lir.Load(P)), 'a Pair cannot be loaded'),
    (returning(lir.AtomicLoad(PAIR.address(P, 'first'), 'release')), 'the order release makes no sense'),
    (returning(lir.AtomicLoad(PAIR.address(P, 'flag'))), 'no atomic access to bool'),
    (module(lir.AtomicStore(PAIR.address(P, 'first'), N, 'acquire'), lir.Return(N)), 'the order acquire makes no'),
    (module(lir.Switch(N, (lir.Case((1, 2), ()), lir.Case((2,), ()))), lir.Return(N)), 'two cases for 2'),
    (module(lir.While(TRUE, (lir.Break(),))), 'the end can be reached'),
    (module(lir.Fork((N, N), (ONE, ONE)), lir.Return(N)), 'a fork needs a local for each call'),
    (returning(lir.StackArray(lir.U64, 0)), 'memory for no elements'),
    (lir.Module((), (PAIR, PAIR)), 'two structs of one name'),
    (lir.Module((), (), (lir.Global('g', lir.U64, 2, (1,)),)), '1 words for 2 elements'),
])
def test_validator(bad: lir.Module, message: str) -> None:
    if not message:
        validate_module(bad)
        return
    with pytest.raises(ValidationError) as caught:
        validate_module(bad)
    assert message in caught.value.message


SAMPLE = module(
    lir.Assign(lir.Local('x', lir.U64), lir.Binary('add', N, lir.Binary('mul', N, ONE))),
    lir.Store(lir.IndexAddress(PAIR.address(P, 'rest'), N), lir.Const(7, lir.U32)),
    lir.While(TRUE, (lir.If(lir.Compare('lt', N, ONE), (lir.Break(),), (lir.Continue(),)),)),
    lir.Switch(N, (lir.Case((1, 2), (lir.Return(ONE),)),), (lir.Fence('acquire', 'block'),)),
    lir.ExprStmt(lir.AtomicRmw('add', PAIR.address(P, 'first'), ONE, 'relaxed')),
    lir.Return(lir.Select(lir.Logical('and', TRUE, PAIR.load(P, 'flag')), N, lir.Not(N))),
)


def test_printer() -> None:
    assert print_module(SAMPLE) == '''\
struct Pair {
    first: u64
    flag: bool
    rest: u32[3]
}

export fn f(n: u64, p: Pair*) -> u64 {
    x: u64 = n + (n * 1)
    p.rest[n] = 7:u32
    while true {
        if n < 1 {
            break
        } else {
            continue
        }
    }
    switch n {
    case 1, 2:
        return 1
    default:
        fence.acquire.block
    }
    atomic_add.relaxed.device(&p.first, 1)
    return (true and p.flag) ? n : ~n
}
'''


def call(built: lir.Module, *arguments: int) -> int:
    """The result of `f`, without `p`."""
    validate_module(built)
    library = load_object(compile_object(emit_module(built), 1))
    types = [ctypes.c_uint64] * (len(arguments) + 1)
    return int(ctypes.CFUNCTYPE(ctypes.c_uint64, *types)(library.address('f'))(*arguments, 0))


@pytest.mark.parametrize(('argument', 'expected'), [(0, 5), (1, 10), (2, 10), (3, 20), (4, 5)])
def test_switch(argument: int, expected: int) -> None:
    x = lir.Local('x', lir.U64)
    cases = (
        lir.Case((1, 2), (lir.Assign(x, lir.Const(10, lir.U64)),)),
        lir.Case((3,), (lir.Return(lir.Const(20, lir.U64)),)),
    )
    built = module(lir.Switch(N, cases, (lir.Assign(x, lir.Const(5, lir.U64)),)), lir.Return(x))
    assert call(built, argument) == expected


def test_globals_and_odd_names() -> None:
    table = lir.Global('a/table "x"', lir.U64, 3, (5, 6, 7))
    helper = lir.Function('List/map__C0', (('i', lir.U64),), lir.U64, (
        lir.Return(lir.Load(lir.IndexAddress(table.address(), lir.Local('i', lir.U64)))),
    ))
    main = lir.Function('f', (('n', lir.U64),), lir.U64, (lir.Return(helper.call(N)),), exported=True)
    assert call(lir.Module((main, helper), (), (table,)), 2) == 7


@pytest.mark.llvm
def test_memory_of_calls_and_forks() -> None:
    """Each call has memory of its own, also one that another one waits for."""
    place = lir.Local('place', lir.Ptr(lir.U64))
    x, y = lir.Local('x', lir.U64), lir.Local('y', lir.U64)
    body = (
        lir.Assign(place, lir.StackArray(lir.U64, 5)),
        lir.Store(lir.IndexAddress(place, lir.Const(4, lir.U64)), N),
        lir.If(lir.Compare('eq', N, lir.Const(0, lir.U64)), (lir.Return(ONE),)),
        lir.Fork((x, y), tuple(lir.Call('g', (lir.Binary('sub', N, ONE),), lir.U64) for _ in range(2))),
        lir.Assign(x, lir.Binary('add', x, y)),
        lir.Return(lir.Binary('add', x, lir.Load(lir.IndexAddress(place, lir.Const(4, lir.U64))))),
    )
    counting = lir.Function('g', (('n', lir.U64),), lir.U64, body)
    main = lir.Function('f', (('n', lir.U64),), lir.U64, (lir.Return(counting.call(N)),), exported=True)
    built = lir.Module((main, counting))
    assert call(built, 4) == 16 + 8 * 1 + 4 * 2 + 2 * 3 + 4
    text = print_module(built)
    assert '    place: u64* = stack u64[5]\n' in text
    assert '    fork x: u64 = g(n - 1) | y: u64 = g(n - 1)\n' in text


def test_merge_replaces_declarations() -> None:
    declared = lir.Function('g', (('n', lir.U64),), lir.U64, extern=True)
    defined = lir.Function('g', (('n', lir.U64),), lir.U64, (lir.Return(lir.Binary('add', N, ONE)),))
    user = lir.Function('f', (('n', lir.U64),), lir.U64, (lir.Return(declared.call(N)),), exported=True)
    for merged in (
        merge(lir.Module((user, declared)), lir.Module((defined,))),
        merge(lir.Module((defined,)), lir.Module((user, declared))),
    ):
        assert call(merged, 41) == 42
    with pytest.raises(ValueError, match='defined twice'):
        merge(lir.Module((defined,)), lir.Module((defined,)))


def test_layout() -> None:
    offsets, size, alignment = struct_layout(PAIR, {'Pair': PAIR})
    assert offsets == {'first': 0, 'flag': 8, 'rest': 12}
    assert (size, alignment) == (24, 8)


def test_missing_symbol_and_bad_ir() -> None:
    library = load_object(compile_object(emit_module(returning(N)), 0))
    with pytest.raises(KeyError):
        library.address('nothing')
    with pytest.raises(RuntimeError):
        compile_object('define nonsense', 0)


def test_host_key_is_stable() -> None:
    assert host_key() == host_key() != ''
