"""LLVM IR to an object file of WebAssembly, by the LLVM that is in llvmlite."""

from __future__ import annotations

import functools
from typing import Any

TRIPLE = 'wasm32-unknown-unknown'
FEATURES = ('tail-call', 'multivalue', 'bulk-memory', 'sign-ext', 'nontrapping-fptoint', 'mutable-globals')
"""What engines must have: all of it is in Node 20, and in browsers since December 2024."""
RESULTS_IN_REGISTERS = 'experimental-mv'
"""The calling convention in which functions may have several results; with the usual one, these go through memory."""


@functools.cache
def _target_machine(opt_level: int) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(TRIPLE).create_target_machine(
        features=','.join(f'+{name}' for name in FEATURES), opt=opt_level, reloc='static',
        abiname=RESULTS_IN_REGISTERS)


def compile_wasm_object(ir_text: str, opt_level: int = 2) -> bytes:
    """Compiles LLVM IR (of `bend.codegen.emit_wasm`) to a relocatable object file (`bend.codegen.wasm_link`).

    Raises RuntimeError if the IR is malformed, which is a fault of the emitter, or if this LLVM has no such target.
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
    data: bytes = machine.emit_object(module)
    return data
