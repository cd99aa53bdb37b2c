"""From a book of nets to the code of a GPU: the same compiled entries as for CPU threads (`nets`), and the same rules,
on a net that all threads of the device share (`bend.runtime.kernel.gpu_net`)."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bend.codegen import lir
from bend.codegen.book_table import tabulate
from bend.codegen.lir_merge import merge
from bend.codegen.lir_spaces import in_space
from bend.codegen.nets import KERNEL, Compiler
from bend.codegen.pylir import compile_kernel
from bend.codegen.task_needs import most_needed
from bend.hvm import net
from bend.hvm.actions import action_names
from bend.runtime.gpu_net import BARRIER_BYTES, ENTRY, GpuNetProgram, lane_bytes

MODULES = ('ports', 'numbers', 'entries', 'storage', 'wires', 'expand', 'rules', 'gpu_net/stop', 'gpu_net/link',
           'gpu_net/main')
"""What is the same on all devices; modules that these import are compiled along."""
DEVICE = (KERNEL / 'gpu' / 'device.py',)
"""What a GPU provides."""


def compile_for_gpu(book: net.Book, *, check_overflow: bool = False, by_rule: bool = False,
                    data: frozenset[str] = frozenset()) -> GpuNetProgram:
    """Compiles a book, as `bend.codegen.nets.compile_program` does. The result is run by `bend.runtime.gpu_net.run`,
    and can be pickled."""
    table = tabulate(book)
    compiler = Compiler(book, table, gpu_net_kernel(DEVICE, check_overflow).struct('Worker'), check_overflow, by_rule,
                        data, for_gpu=True)
    code = compiler.compile()
    needs = most_needed(code.functions)
    facts = (_constant('task_cells', needs.cells), _constant('task_pushes', needs.tasks))
    return GpuNetProgram(
        merge(code, lir.Module(facts)), table.words, table.names, needs.cells, action_names(book),
        pickle.dumps(tuple(table.places), pickle.HIGHEST_PROTOCOL),
        1 + len(table.places) if check_overflow else 0, by_rule)


@cache
def gpu_net_kernel(target: Sequence[Path], check_overflow: bool) -> lir.Module:
    """The kernel, with the modules that a device provides."""
    return compile_kernel([*(KERNEL / f'{name}.py' for name in MODULES), *target],
                          {'CHECK_OVERFLOW': int(check_overflow)})


def gpu_net_module(program: GpuNetProgram, target: Sequence[Path] = DEVICE) -> lir.Module:
    """All code of a program, for a device."""
    kernel = gpu_net_kernel(tuple(target), program.counted != 0)
    if target != DEVICE:
        return merge(kernel, program.code, lir.Module((_entry(kernel, lir.StackArray(lir.StructName('Worker'), 1)),)))
    module = merge(kernel, program.code, lir.Module((_entry(kernel, _state_in_block(kernel)),)))
    return in_space(module, 'Worker', 'shared')


def _state_in_block(kernel: lir.Module) -> lir.Expr:
    """Where the state of a lane lies in the memory of its block, behind what the barrier of the grid needs."""
    thread = lir.Convert(lir.Intrinsic('thread_index', ()), lir.U64)
    offset = lir.Binary('add', lir.Binary('mul', thread, lir.Const(lane_bytes(kernel), lir.U64)),
                        lir.Const(BARRIER_BYTES, lir.U64))
    address = lir.IndexAddress(lir.Intrinsic('shared_memory', ()), offset)
    return lir.Convert(address, lir.Ptr(lir.StructName('Worker'), 'shared'))


def _entry(kernel: lir.Module, state: lir.Expr) -> lir.Function:
    """What is launched, given where the state of a lane lies."""
    place = lir.Local('place', lir.U64)
    call = kernel.function('run_lane').call(place, state)
    return lir.Function(ENTRY, ((place.name, lir.U64),), lir.VOID, (lir.ExprStmt(call),), exported=True)


def _constant(name: str, value: int) -> lir.Function:
    """A function that gives a number."""
    return lir.Function(name, (), lir.U64, (lir.Return(lir.Const(value, lir.U64)),), 'always')
