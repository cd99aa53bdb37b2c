"""What a kernel of numba.cuda calls.

numba makes the kernel that is launched; what it calls in linked PTX has the convention of numba's device functions: a
status is returned, 0 if all went well, and the result is stored through the first parameter.

    fn run(place: u64)    ->    export fn bend_entry(result: u32*, a: u64) -> i32 {
                                    run(a)
                                    return 0
                                }
"""

from __future__ import annotations

import dataclasses

from bend.codegen import lir
from bend.codegen.emit_ptx import emit_gpu_module
from bend.codegen.lir_calls import reachable
from bend.codegen.lir_fold import fold_branches

ENTRY = 'bend_entry'


def with_entry(module: lir.Module, function: str) -> lir.Module:
    """The module with the function `bend_entry`, which calls a function of one u64 without a result. Nothing else is
    exported. Raises KeyError if there is none of that name."""
    called = module.function(function)
    assert [type_ for _, type_ in called.parameters] == [lir.U64]
    assert called.result == lir.VOID
    address = lir.Local('a', lir.U64)
    body = (lir.ExprStmt(called.call(address)), lir.Return(lir.Const(0, lir.I32)))
    entry = lir.Function(ENTRY, (('result', lir.Ptr(lir.U32)), ('a', lir.U64)), lir.I32, body, exported=True)
    inner = tuple(dataclasses.replace(item, exported=False) for item in module.functions)
    return dataclasses.replace(module, functions=(*inner, entry))


def gpu_program(module: lir.Module, function: str) -> str:
    """The LLVM IR for GPUs of what a launch of a function needs. Raises ValidationError, which names the function of
    the module that cannot run there."""
    whole = fold_branches(with_entry(module, function))
    return emit_gpu_module(reachable(whole, [ENTRY]))
