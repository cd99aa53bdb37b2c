"""The code that a GPU runs nets with: what tasks need at most, and PTX."""

from __future__ import annotations

from pathlib import Path

import pytest

from bend.codegen import lir
from bend.codegen.gpu_nets import compile_for_gpu, gpu_net_module
from bend.codegen.task_needs import COMMUTATION, Needs, most_needed
from bend.runtime.cache import Cache
from bend.runtime.gpu import gpu_ptx
from bend.runtime.gpu_net import ENTRY
from tests.codegen.assembler import assemble
from tests.native.test_overflow import book as parsed

TREE = parsed('''
@main = r & @tree ~ (10 r)
@tree = (?((1 @node) r) r)
@node = ({a b} r) & @tree ~ (a $([+] $(s r))) & @tree ~ (b s)
''')
OLDEST = (7, 0)


def call(name: str, *arguments: lir.Expr) -> lir.Stmt:
    """A call of a function with a worker."""
    return lir.ExprStmt(lir.Call(name, (lir.Local('w', lir.U64), *arguments), lir.U64))


def function(name: str, *body: lir.Stmt) -> lir.Function:
    """A function of a worker."""
    return lir.Function(name, (('w', lir.U64),), lir.VOID, body)


def test_needs_add_up_and_the_worst_way_counts() -> None:
    branch = lir.If(lir.Const(1, lir.BOOL), (call('unfold'),) * 4, (call('claim_task'),) * 9)
    callee = function('entry_1_2', *(call('make_node'),) * 3, call('link'))
    caller = function('entry_2_2', call('alloc_variable'), branch, call('entry_1_2'))
    assert most_needed([caller, callee]) == Needs(1 + 12 + 3, 9 + 1)
    assert most_needed([callee]) == COMMUTATION


def test_unknown_functions_have_no_needs() -> None:
    with pytest.raises(KeyError, match='allocate_much'):
        most_needed([function('entry_1_2', call('allocate_much'))])


def test_programs_assemble(tmp_path: Path) -> None:
    program = compile_for_gpu(TREE, check_overflow=True)
    text = gpu_ptx(gpu_net_module(program), ENTRY, OLDEST, Cache(None))
    assert text.count('.visible') == 1
    assert 'bend_entry' in assemble(text, OLDEST, tmp_path)
    assert 'atom.relaxed.gpu.global.exch.b64' in text
    assert 'atom.release.gpu.global.exch.b64' in text
    assert 'ld.relaxed.gpu.global.b64' in text
    assert 'atom.acq_rel.gpu.cas.b64' in text
    # The state of lanes lies in the memory of their blocks.
    assert '.local .align 8 .b8' not in text
    assert 'ld.shared.b64' in text
    # Lanes of a warp agree on what they run, and hand tasks to each other.
    assert 'vote.sync.ballot.b32' in text
    assert 'shfl.sync.idx.b32' in text
    assert 'bar.warp.sync' in text
