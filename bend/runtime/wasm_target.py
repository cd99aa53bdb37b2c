"""LLVM IR to an object file of WebAssembly, by the LLVM that is in llvmlite."""

from __future__ import annotations

import functools
from typing import Any

TRIPLE = 'wasm32-unknown-unknown'
FEATURES = ('tail-call', 'multivalue', 'bulk-memory', 'sign-ext', 'nontrapping-fptoint', 'mutable-globals')
"""What engines must have: all of it is in Node 20, and in browsers since December 2024."""
RESULTS_IN_REGISTERS = 'experimental-mv'
"""The calling convention in which functions may have several results; with the usual one, these go through memory."""


class NoTarget(Exception):
    """The LLVM that is in llvmlite was built without WebAssembly."""


@functools.cache
def _target_machine(opt_level: int) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(TRIPLE)
    except RuntimeError as problem:
        raise NoTarget(str(problem)) from None
    return target.create_target_machine(
        features=','.join(f'+{name}' for name in FEATURES), opt=opt_level, reloc='static',
        abiname=RESULTS_IN_REGISTERS)


def compile_wasm_object(ir_text: str, opt_level: int = 2) -> bytes:
    """Compiles LLVM IR (of `bend.codegen.emit_wasm`) to a relocatable object file (`bend.codegen.wasm_link`).

    Raises NoTarget, and RuntimeError if the IR is malformed, which is a fault of the emitter.
    """
    machine = _target_machine(opt_level)
    import llvmlite.binding as llvm

    layout = f'target datalayout = "{machine.target_data}"\ntarget triple = "{TRIPLE}"\n'
    module = llvm.parse_assembly(layout + ir_text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=opt_level)
    options.loop_unrolling = opt_level > 1
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    data: bytes = machine.emit_object(llvm.parse_assembly(_as_c_calls(str(module))))
    return data


def _as_c_calls(ir_text: str) -> str:
    """Optimised IR with the calling convention of C everywhere: for WebAssembly, LLVM knows no other. With that one,
    calls that take the place of callers with other parameters cannot be demanded, but those that passes have left
    right before a return become such calls."""
    return ir_text.replace('musttail call tailcc ', 'tail call ').replace(' tailcc ', ' ')
