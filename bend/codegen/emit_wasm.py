"""LIR to LLVM IR for WebAssembly.

What is not as on CPUs: calls in the place of the caller pass any number of parameters, all in registers; and nobody can
look at the stack.
"""

from __future__ import annotations

import dataclasses

from bend.codegen import lir
from bend.codegen.emit_llvm import FunctionEmitter
from bend.codegen.llvm_module import ModuleEmitter


def emit_wasm_module(module: lir.Module) -> str:
    """The LLVM IR for WebAssembly of a module that is valid (`lir_validate`). Raises ValueError, with the name of the
    function, for what there is no instruction for."""
    # Functions that run seldom need no code that is made in a hurry: nobody waits for it.
    functions = tuple(dataclasses.replace(function, seldom=False) for function in module.functions)
    return _WasmModule(dataclasses.replace(module, functions=functions), {}).emit()


class _WasmModule(ModuleEmitter):
    """Emits a module."""

    is_traced = False

    def function_emitter(self, function: lir.Function) -> FunctionEmitter:
        return _WasmFunction(self, function)


class _WasmFunction(FunctionEmitter):
    """Emits a function."""

    def in_place(self, function: lir.Function) -> str:
        return 'musttail'

    def emit_machine_intrinsic(self, name: str) -> str:
        raise ValueError(f'{self.function.name}: {name} does not exist in WebAssembly')
