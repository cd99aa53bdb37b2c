"""What the C emitter does to LIR before it writes it: masks, swaps, checks."""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.c_masks import without_masks
from bend.codegen.c_swaps import without_swaps
from bend.codegen.direct.cold import leave_at_checks
from bend.codegen.direct.context import WORKER
from bend.codegen.lir_printer import print_module
from bend.codegen.lir_validate import validate_module

MASK = lir.Const(0xFFFFFF, lir.U32)
WORKERS = (lir.Struct('Worker', (('next', lir.U64),)),)


def local(name: str) -> lir.Local:
    """A local of 32 bits."""
    return lir.Local(name, lir.U32)


def cut(value: lir.Expr) -> lir.Expr:
    """The lowest 24 bits."""
    return lir.Binary('and', value, MASK)


def add(left: lir.Expr, right: lir.Expr) -> lir.Expr:
    """A sum."""
    return lir.Binary('add', left, right)


def function(name: str, *body: lir.Stmt, **attributes: bool) -> lir.Function:
    """A function of two numbers that gives one."""
    return lir.Function(name, (('a', lir.U32), ('b', lir.U32)), lir.U32, body, **attributes)


def narrowed(*functions: lir.Function) -> list[str]:
    """The functions without needless masks, printed line by line; `start` is called from outside."""
    module = without_masks(lir.Module(functions), ('start',))
    validate_module(module)
    lines = print_module(module).replace(':u32', '').splitlines()
    return [line.strip() for line in lines if '=' in line or 'return' in line]


def test_masks_that_nobody_needs_are_left_out() -> None:
    a, b, x, y = map(local, 'abxy')
    assert narrowed(function(
        'start',
        lir.Assign(x, cut(add(a, b))),
        lir.Assign(y, cut(lir.Binary('mul', cut(add(x, a)), b))),
        lir.Return(lir.Binary('shr', y, lir.Const(8, lir.U32))),
    )) == ['x: u32 = a + b', 'y: u32 = ((x + a) * b) & 16777215', 'return y >> 8']


def test_masks_stay_where_more_bits_are_looked_at() -> None:
    """In comparisons, divisions, shifts to the right, and for a local that is used in several ways."""
    a, b, x = map(local, 'abx')
    for last in (lir.Convert(lir.Compare('lt', x, b), lir.U32), lir.Binary('div', x, b),
                 cut(lir.Binary('shr', x, lir.Const(1, lir.U32))), lir.Binary('shl', b, x), x):
        assert 'x: u32 = (a + b) & 16777215' in narrowed(function(
            'start', lir.Assign(x, cut(add(a, b))), lir.Return(lir.Select(lir.Const(True, lir.BOOL), last, cut(x)))))


def test_masks_across_calls() -> None:
    """What a function looks at of its parameters, and its callers of its result."""
    a, b = local('a'), local('b')
    low = function('low', lir.Return(cut(add(a, b))))
    high = function('high', lir.Return(lir.Binary('div', a, b)))
    start = function('start', lir.Return(cut(add(low.call(cut(add(a, b)), b), high.call(cut(add(a, b)), cut(b))))))
    assert narrowed(start, low, high) == [
        'return (low(a + b, b) + high((a + b) & 16777215, b & 16777215)) & 16777215', 'return a + b', 'return a / b']


def test_two_values_in_either_order_need_no_branch() -> None:
    a, b = (lir.Local(name, lir.U64) for name in 'ab')
    pair = lir.Struct('two', (('first', lir.U64), ('second', lir.U64)))
    type_ = lir.StructName('two')

    def choosing(then: tuple[lir.Expr, lir.Expr], otherwise: tuple[lir.Expr, lir.Expr]) -> lir.Module:
        body = (lir.If(lir.Compare('lt', a, b), (lir.Return(lir.Pack(type_, then)),),
                       (lir.Return(lir.Pack(type_, otherwise)),)),)
        return lir.Module((lir.Function('f', (('a', lir.U64), ('b', lir.U64)), type_, body),), (pair,))

    swapped = without_swaps(choosing((a, b), (b, a)))
    validate_module(swapped)
    assert 'if ' not in print_module(swapped)
    assert without_swaps(choosing((a, b), (a, b))) == choosing((a, b), (a, b))


def test_checks_leave_by_a_call() -> None:
    """The call goes back to the function, and, if tasks are welcome, to the version that forks."""
    detail = lir.Const(3, lir.U64)
    parameters = ((WORKER.name, WORKER.type), ('a', lir.U32))
    a = local('a')
    check = lir.ExprStmt(lir.Call('check', (WORKER, detail), lir.VOID))
    to_forking = lir.Return(lir.Call('f.g', (WORKER, a), lir.U32, tail=True))
    asked = lir.If(lir.Intrinsic('unlikely', (lir.Call('is_asked', (WORKER, detail), lir.BOOL),)), (to_forking,))
    plain = lir.Function('f.g', parameters, lir.U32, (check, lir.Return(a)), tail=True)
    serial = lir.Function('s.g', parameters, lir.U32, (asked, lir.Return(a)), tail=True)
    other = lir.Function('f.h', parameters, lir.U32, (lir.Return(a),), tail=True)
    found, rare = leave_at_checks([plain, serial, other])
    assert [item.name for item in found] == ['f.g', 'low.f.g', 's.g', 'low.s.g', 'f.h']
    assert rare == [('low.f.g', 'f.g'), ('low.s.g', 's.g'), ('low.s.g', 'f.g')]
    declared = [lir.Function(name, parameters[:1] if name != 'look_around' else (parameters[0], ('detail', lir.U64)),
                             lir.VOID if name == 'look_around' else lir.BOOL, extern=True)
                for name in ('is_low', 'wants_tasks', 'look_around')]
    module = lir.Module((*found, *declared), WORKERS)
    validate_module(module)
    assert '''\
fn low.s.g(w: Worker*, a: u32) -> u32 {
    look_around(w, 3)
    if wants_tasks(w) {
        return''' in print_module(module)
