"""PTX: what LLVM makes of kernels for GPUs, read as text and assembled. No GPU is needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bend.codegen import lir
from bend.codegen.c_text import part
from bend.codegen.emit_c import Style
from bend.codegen.emit_cu import emit_cu
from bend.codegen.emit_llvm import emit_module
from bend.codegen.emit_ptx import emit_gpu_module, ptx_name
from bend.codegen.lir_calls import reachable
from bend.codegen.lir_fold import fold_branches
from bend.codegen.lir_printer import print_module
from bend.codegen.lir_validate import ValidationError
from bend.codegen.pylir import KernelError, compile_kernel
from bend.runtime.direct.kernel import MODULES, kernel_parameters
from bend.runtime.kernel import model_operations
from bend.runtime.ptx import TooOld, architecture, compile_ptx
from tests.codegen.assembler import assemble
from tests.codegen.cuda_compiler import run_nvcc

CAPABILITIES = ((7, 0), (8, 0), (9, 0))
CELL = lir.Struct('Cell', (('small', lir.U32), ('large', lir.U64), ('signed', lir.I32), ('byte', lir.U8),
                           ('next', lir.Ptr(lir.U64))))
MEMORY_ACCESS = re.compile(r'^\s*((?:atom|red|ld|st|fence|membar)\.(?!param)[^\s;]+)', re.MULTILINE)


def pointer(space: lir.Space = 'generic') -> lir.Local:
    return lir.Local('p', lir.Ptr(lir.StructName('Cell'), space))


def field(name: str, space: lir.Space = 'generic') -> lir.Expr:
    return CELL.address(pointer(space), name)


def number(value: int, type_: lir.Type = lir.U32) -> lir.Const:
    return lir.Const(value, type_)


def module(*body: lir.Stmt, space: lir.Space = 'generic', **more: lir.Function) -> lir.Module:
    """A module with a function `f` of a pointer to a cell."""
    function = lir.Function('f', (('p', pointer(space).type),), lir.VOID, body, exported=True)
    return lir.Module((function, *more.values()), (CELL,))


def ptx_of(built: lir.Module, capability: tuple[int, int] = (7, 0)) -> str:
    return compile_ptx(emit_gpu_module(built), capability)


def accesses(built: lir.Module) -> list[str]:
    """The instructions that access memory."""
    return MEMORY_ACCESS.findall(ptx_of(built))


def changed(op: lir.RmwOp, name: str, order: lir.Order, scope: lir.Scope, space: lir.Space = 'generic') -> lir.Stmt:
    type_ = dict(CELL.fields)[name]
    return lir.ExprStmt(lir.AtomicRmw(op, field(name, space), number(1, type_), order, scope))


@pytest.mark.parametrize(('order', 'scope', 'expected'), [
    ('relaxed', 'device', ['atom.relaxed.gpu.add.u32']),
    ('acquire', 'device', ['atom.acquire.gpu.add.u32']),
    ('release', 'block', ['atom.release.cta.add.u32']),
    ('acq_rel', 'system', ['atom.acq_rel.sys.add.u32']),
    ('seq_cst', 'device', ['fence.sc.gpu', 'atom.acquire.gpu.add.u32']),
    ('seq_cst', 'system', ['fence.sc.sys', 'atom.acquire.sys.add.u32']),
])
def test_changes_keep_order_and_scope(order: lir.Order, scope: lir.Scope, expected: list[str]) -> None:
    assert accesses(module(changed('add', 'small', order, scope))) == expected


@pytest.mark.parametrize(('op', 'name', 'expected'), [
    ('sub', 'small', 'add.u32'), ('xchg', 'small', 'exch.b32'), ('and', 'large', 'and.b64'), ('or', 'small', 'or.b32'),
    ('xor', 'large', 'xor.b64'), ('max', 'small', 'max.u32'), ('min', 'signed', 'min.s32'), ('add', 'large', 'add.u64'),
    ('add', 'signed', 'add.u32'), ('xchg', 'next', 'exch.b64'),
])
def test_changes(op: lir.RmwOp, name: str, expected: str, tmp_path: Path) -> None:
    built = module(changed(op, name, 'acq_rel', 'device'))
    assert accesses(built) == [f'atom.acq_rel.gpu.{expected}']
    assemble(ptx_of(built), (7, 0), tmp_path)


def test_subtraction_adds_the_negative() -> None:
    assert re.search(r'mov\.b32\s+(%r\d+), -1;.*atom\.relaxed\.gpu\.add\.u32 %r\d+, \[%rd\d+\], \1;',
                     ptx_of(module(changed('sub', 'small', 'relaxed', 'device'))), re.DOTALL)


@pytest.mark.parametrize(('order', 'failure', 'expected'), [
    ('relaxed', 'relaxed', ['atom.relaxed.gpu.cas.b64']),
    ('release', 'relaxed', ['atom.release.gpu.cas.b64']),
    ('release', 'acquire', ['atom.acq_rel.gpu.cas.b64']),
    ('relaxed', 'acquire', ['atom.acquire.gpu.cas.b64']),
    ('acq_rel', 'acquire', ['atom.acq_rel.gpu.cas.b64']),
    ('acquire', 'seq_cst', ['fence.sc.gpu', 'atom.acquire.gpu.cas.b64']),
])
def test_compare_and_exchange(order: lir.Order, failure: lir.Order, expected: list[str]) -> None:
    exchange = lir.CompareExchange(field('large'), number(1, lir.U64), number(2, lir.U64), order, failure)
    assert accesses(module(lir.ExprStmt(exchange))) == expected


@pytest.mark.parametrize(('order', 'expected'), [
    ('relaxed', ['ld.relaxed.gpu.b32']), ('acquire', ['ld.acquire.gpu.b32']),
    ('seq_cst', ['fence.sc.gpu', 'ld.acquire.gpu.b32']),
])
def test_loads(order: lir.Order, expected: list[str]) -> None:
    assert accesses(module(lir.ExprStmt(lir.AtomicLoad(field('small'), order)))) == expected


@pytest.mark.parametrize(('order', 'expected'), [
    ('relaxed', ['st.relaxed.gpu.b64']), ('release', ['st.release.gpu.b64']),
    ('seq_cst', ['fence.sc.gpu', 'st.release.gpu.b64']),
])
def test_stores(order: lir.Order, expected: list[str]) -> None:
    assert accesses(module(lir.AtomicStore(field('large'), number(7, lir.U64), order))) == expected


@pytest.mark.parametrize(('order', 'scope', 'expected'), [
    ('relaxed', 'device', []), ('acquire', 'block', ['fence.acq_rel.cta']),
    ('release', 'device', ['fence.acq_rel.gpu']), ('acq_rel', 'system', ['fence.acq_rel.sys']),
    ('seq_cst', 'device', ['fence.sc.gpu']),
])
def test_fences(order: lir.Order, scope: lir.Scope, expected: list[str]) -> None:
    assert accesses(module(lir.Fence(order, scope))) == expected


@pytest.mark.parametrize(('space', 'expected'), [
    ('shared', ['atom.relaxed.cta.shared.add.u32', 'st.shared.b64']),
    ('global', ['atom.relaxed.cta.global.add.u32', 'st.global.b64']),
    ('generic', ['atom.relaxed.cta.add.u32', 'st.b64']),
])
def test_spaces(space: lir.Space, expected: list[str], tmp_path: Path) -> None:
    built = module(changed('add', 'small', 'relaxed', 'block', space),
                   lir.Store(field('large', space), number(1, lir.U64)), space=space)
    # LLVM 20 names the type of a plain store's value, later ones only its width.
    assert [access.replace('.u64', '.b64') for access in accesses(built)] == expected
    assemble(ptx_of(built), (7, 0), tmp_path)


def test_memory_accesses_stay_on_their_side_of_a_release() -> None:
    data = lir.Store(field('large'), number(1, lir.U64))
    flag = lir.AtomicRmw('xchg', field('small'), number(1), 'release')
    text = ptx_of(module(data, lir.ExprStmt(flag), data))
    assert [access.split('.')[0] for access in MEMORY_ACCESS.findall(text)] == ['st', 'atom', 'st']


def test_data_in_shared_memory(tmp_path: Path) -> None:
    table = lir.Global('words', lir.U32, 64, constant=False, space='shared')
    constants = lir.Global('a table', lir.U32, 3, (5, 6, 7))
    index = lir.Local('i', lir.U64)
    chosen = lir.Load(lir.IndexAddress(constants.address(), index))
    body = (lir.Store(lir.IndexAddress(table.address(), index), chosen),
            lir.ExprStmt(lir.Intrinsic('block_barrier', ())),
            lir.Return(lir.Load(lir.IndexAddress(table.address(), lir.Binary('xor', index, number(1, lir.U64))))))
    function = lir.Function('f', (('i', lir.U64),), lir.U32, body, exported=True)
    built = lir.Module((function,), (), (table, constants))
    assert 'shared words: u32[64]\n' in print_module(built)
    text = ptx_of(built)
    assert re.search(r'\.shared \.align 8 \.b8 words\[256\];', text)
    assert re.search(r'st\.shared\.[bu]32.*bar\.sync.*ld\.shared\.[bu]32', text, re.DOTALL)
    assemble(text, (7, 0), tmp_path)
    with pytest.raises(ValidationError, match='words: shared memory has no contents at first'):
        emit_gpu_module(lir.Module((), (), (lir.Global('words', lir.U32, 1, (0,), space='shared'),)))


# ---- the machine -----------------------------------------------------------------------------

GRID = '''from bend.runtime.kernel.lang import (
    Global, Shared, ballot, block_barrier, block_index, block_threads, cast, clz, ctz, device_time, export, fabs, f64,
    floor, grid_blocks, pause, popcount, shared_memory, shuffle, sqrt, thread_index, trap, trunc, u8, u32, u64,
    warp_barrier)


@export
def f(out: Global[u64], x: f64) -> None:
    mine = cast(Shared[u32], shared_memory())
    mine[thread_index()] = block_index() * block_threads()
    block_barrier()
    if grid_blocks() == 77:
        trap()
    pause()
    mine[u32(1)] = shuffle(ballot(x > 1.0), u32(3))
    warp_barrier()
    word = mine[u32(0)] + clz(u32(x)) + u32(clz(u8(x)))
    out[0] = device_time() + u64(word) + ctz(u64(x)) + popcount(u64(x)) + u64(sqrt(floor(fabs(trunc(x)))))
'''


def test_intrinsics(tmp_path: Path) -> None:
    path = tmp_path / 'grid.py'
    path.write_text(GRID, encoding='utf-8')
    built = compile_kernel([path])
    for capability in CAPABILITIES:
        text = ptx_of(built, capability)
        for wanted in (r'%tid\.x', r'%ctaid\.x', r'%ntid\.x', r'%nctaid\.x', r'bar\.sync\s+0;', 'trap;',
                       r'nanosleep\.u32', '%globaltimer', r'\.extern \.shared \.align 16 \.b8 bend_shared\[\]',
                       r'popc\.b64', r'sqrt\.rn\.f64', r'cvt\.rmi\.f64',
                       r'vote\.sync\.ballot\.b32', r'shfl\.sync\.idx\.b32', r'bar\.warp\.sync'):
            assert re.search(wanted, text), wanted
        assemble(text, capability, tmp_path)


def test_intrinsics_in_cuda(tmp_path: Path) -> None:
    path = tmp_path / 'grid.py'
    path.write_text(GRID, encoding='utf-8')
    made = emit_cu(compile_kernel([path]), Style(frozenset({'f'})))
    source, target = tmp_path / 'grid.cu', tmp_path / 'grid.ptx'
    source.write_text('\n'.join((
        '#include <string.h>', part('types.h'), part('gpu_support.h'), made,
        'extern "C" __global__ void begin(u64 *out, f64 x) { f(out, x); exit_thread(); }')), encoding='utf-8')
    run_nvcc('-arch=compute_75', '-ptx', source, '-o', target)
    text = target.read_text(encoding='utf-8')
    for wanted in (r'%tid\.x', r'%ctaid\.x', r'%ntid\.x', r'%nctaid\.x', r'bar\.sync\s+0;', r'trap;',
                   r'nanosleep\.u32', '%globaltimer', r'\.extern \.shared \.align 16 \.b8 block_memory\[\]',
                   r'popc\.b64', r'sqrt\.rn\.f64', r'cvt\.rmi\.f64',
                   r'vote\.sync\.ballot\.b32', r'shfl\.sync\.idx\.b32', r'bar\.warp\.sync'):
        assert re.search(wanted, text), wanted


def test_what_only_gpus_have_is_refused_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / 'grid.py'
    path.write_text(GRID, encoding='utf-8')
    with pytest.raises(ValueError, match='f: shared_memory is for GPUs only'):
        emit_module(compile_kernel([path]))
    with pytest.raises(NotImplementedError, match='thread_index is for GPUs only'):
        model_operations.thread_index()
    path.write_text(GRID.replace('thread_index()', 'thread_index(0)'), encoding='utf-8')
    with pytest.raises(KernelError, match='thread_index is not used like this'):
        compile_kernel([path])


@pytest.mark.parametrize('name', ['plain_1', 'List/map__C0', 'größer', '1st', 'WARP_SZ', 'a$b', 'a.b'])
def test_any_name_can_be_assembled(name: str, tmp_path: Path) -> None:
    called = lir.Function(name, (), lir.VOID, (changed('add', 'small', 'relaxed', 'device'),), exported=True)
    called = lir.Function(name, (('p', pointer().type),), lir.VOID, called.body, inline='never', exported=True)
    built = module(lir.ExprStmt(called.call(pointer())), called=called)
    assert ptx_name(name) in assemble(ptx_of(built), (7, 0), tmp_path)


def test_names_stay_apart() -> None:
    names = ['a', 'a$', 'a$24', 'a.', 'a/', 'WARP_SZ', '1', 'ä', '_', 'a_']
    assert len({ptx_name(name) for name in names}) == len(names)
    assert ptx_name('bend_main') == 'bend_main'


def test_architectures() -> None:
    assert [architecture(known) for known in ((7, 0), (7, 2), (8, 6), (9, 0), (10, 3), (13, 0))] == [
        (7, 0), (7, 0), (8, 6), (9, 0), (10, 0), (12, 0)]
    with pytest.raises(TooOld, match=r'6\.1'):
        architecture((6, 1))


# ---- what cannot be done ---------------------------------------------------------------------


def refused(built: lir.Module) -> str:
    with pytest.raises(ValidationError) as caught:
        emit_gpu_module(built)
    return str(caught.value)


def test_recursion_is_refused() -> None:
    even, odd = (lir.Function(name, (), lir.VOID, (lir.ExprStmt(lir.Call(other, (), lir.VOID)),), line=line)
                 for name, other, line in (('even', 'odd', 3), ('odd', 'even', 6)))
    start = lir.Function('start', (), lir.VOID, (lir.ExprStmt(even.call()),), exported=True)
    assert refused(lir.Module((start, even, odd))) == (
        'even, line 3: no recursion on a GPU: even calls odd calls even')


def test_tail_calls_are_refused() -> None:
    function = lir.Function('loop', (), lir.VOID, tail=True)
    assert 'loop: calls in the place of the caller do not exist on a GPU' in refused(lir.Module((function,)))


def test_libraries_are_refused() -> None:
    assert refused(lir.Module((lir.Function('sin', (('x', lir.F64),), lir.F64, extern=True),))) == (
        'sin: not defined, and a GPU has no libraries')


def test_stack_pointer_is_refused() -> None:
    assert 'f: stack_pointer does not exist on a GPU' in refused(
        module(lir.ExprStmt(lir.Intrinsic('stack_pointer', ()))))


@pytest.mark.parametrize('statement', [
    lir.ExprStmt(lir.AtomicLoad(field('byte'), 'relaxed')),
    lir.AtomicStore(field('byte'), number(1, lir.U8), 'relaxed', line=8),
    changed('add', 'byte', 'relaxed', 'device'),
    lir.ExprStmt(lir.CompareExchange(field('byte'), number(1, lir.U8), number(1, lir.U8))),
])
def test_small_atomic_accesses_are_refused(statement: lir.Stmt) -> None:
    assert 'no atomic access to u8 on a GPU, only to 32 or 64 bits' in refused(module(statement))


def test_atomic_accesses_to_memory_of_one_thread_are_refused() -> None:
    statement = changed('add', 'small', 'relaxed', 'device', 'local')
    assert 'no atomic access to local memory' in refused(module(statement, space='local'))


# ---- kernels ---------------------------------------------------------------------------------

NUMBERS = '''from bend.runtime.kernel.lang import Ptr, Worker, export, f32, f64, noinline, struct, u32, u64
from bend.runtime.kernel.mathematics import {names}
from bend.runtime.kernel.numbers import operate_numbers


@struct
class Worker:
    failed: u64


@noinline
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    w.failed = place


@noinline
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    w.failed = place
    return 0


@export
def visible_operate(w: Ptr[Worker], x: u64, y: u64) -> u64:
    return operate_numbers(w, x, y, 0)
'''
UNARY, BINARY = ('sine', 'tangent', 'natural_logarithm'), ('arc_tangent', 'power', 'remainder_after_division')


def numbers_kernel(folder: Path) -> lir.Module:
    """Arithmetic on number words, and the mathematics that has no instruction."""
    lines = [NUMBERS.replace('{names}', ', '.join((*UNARY, *BINARY))).replace('Ptr, Worker,', 'Ptr,')]
    for names, parameters, arguments in ((UNARY, 'x: f32', 'x'), (BINARY, 'x: f32, y: f32', 'x, y')):
        lines.extend(f'@export\ndef visible_{name}({parameters}) -> f64:\n    return {name}({arguments})\n'
                     for name in names)
    path = folder / 'kernel.py'
    path.write_text('\n'.join(lines), encoding='utf-8')
    return compile_kernel([path], {'CHECK_OVERFLOW': 1})


@pytest.mark.parametrize('capability', CAPABILITIES)
def test_numbers_and_mathematics(capability: tuple[int, int], tmp_path: Path) -> None:
    """No operation is contracted, approximated or flushed, so that all engines agree to the bit."""
    text = ptx_of(numbers_kernel(tmp_path), capability)
    assert set(assemble(text, capability, tmp_path)) >= {
        'visible_operate', *(f'visible_{name}' for name in (*UNARY, *BINARY))}
    computing = set(re.findall(r'^\s*((?:add|sub|mul|div|sqrt|rcp|mad|fma|ex2|lg2|sin|cos)\.[a-z.]*f(?:32|64))\b', text,
                               re.MULTILINE))
    assert computing == {f'{operation}.rn.{kind}' for operation in ('add', 'sub', 'mul', 'div')
                         for kind in ('f32', 'f64')}
    assert not re.search(r'\.(?:ftz|approx)', text)


def test_reference_counts(tmp_path: Path) -> None:
    """What the direct engine does with counts and free cells; its threads and its stacks are another matter."""
    roots = tmp_path / 'roots.py'
    roots.write_text('''from bend.runtime.kernel.direct.counts import drop, retain_shared
from bend.runtime.kernel.direct.state import Worker
from bend.runtime.kernel.lang import Ptr, export, u64


def cell_words(header: u64) -> u64:
    return header >> 32 & 0xFF


@export
def root(w: Ptr[Worker], value: u64) -> None:
    retain_shared(value)
    drop(w, value)
''', encoding='utf-8')
    whole = fold_branches(compile_kernel([*MODULES, roots], kernel_parameters(parallel=True)))
    built = reachable(whole, ['root'])
    assert {function.name for function in built.functions} >= {'root', 'drop', 'drop_cell', 'free_cells', 'release'}
    for capability in CAPABILITIES:
        text = ptx_of(built, capability)
        assert 'atom.relaxed.gpu.add' in text
        assert 'root' in assemble(text, capability, tmp_path)
