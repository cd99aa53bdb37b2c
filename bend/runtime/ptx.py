"""LLVM IR to PTX, the assembler text of NVIDIA GPUs. Neither a GPU nor any part of CUDA is needed for that."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

TRIPLE = 'nvptx64-nvidia-cuda'
OLDEST = (7, 0)
"""The oldest compute capability: since then, threads of a warp can wait for each other, and memory has a model."""
_PTX_VERSIONS: Mapping[tuple[int, int], int] = {
    (7, 0): 64, (7, 5): 64, (8, 0): 70, (8, 6): 71, (8, 7): 74, (8, 9): 78, (9, 0): 78, (10, 0): 86, (12, 0): 87,
}
"""The compute capabilities that LLVM 20 knows, and the first version of PTX for each (6.4 at least, for `nanosleep`):
the older the version, the older the drivers that read it."""


class TooOld(Exception):
    """A device has a compute capability below 7.0."""


def architecture(capability: tuple[int, int]) -> tuple[int, int]:
    """What to compile for, so that a device of a compute capability can run it. Raises TooOld."""
    if capability < OLDEST:
        raise TooOld('.'.join(map(str, capability)))
    return max(known for known in _PTX_VERSIONS if known <= capability)


@functools.cache
def _binding() -> Any:
    """llvmlite's binding, with the target made ready."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm


@functools.cache
def _target_machine(capability: tuple[int, int], opt_level: int) -> Any:
    major, minor = capability
    return _binding().Target.from_triple(TRIPLE).create_target_machine(
        cpu=f'sm_{major}{minor}', features=f'+ptx{_PTX_VERSIONS[capability]}', opt=opt_level)


def compiler_key() -> str:
    """What PTX depends on besides its source and its architecture: the version of LLVM."""
    return '.'.join(str(part) for part in _binding().llvm_version_info)


def compile_ptx(ir_text: str, capability: tuple[int, int], opt_level: int = 2) -> str:
    """Compiles LLVM IR (of `bend.codegen.emit_ptx`) for devices of a compute capability and later ones.

    Exported functions are device functions, for kernels that are linked with the text. Raises TooOld, and RuntimeError
    if the IR is malformed, which is a fault of the emitter.
    """
    llvm = _binding()
    machine = _target_machine(architecture(capability), opt_level)
    # The parser gives accesses the alignment that the layout says, so that it has to be there at once: without it,
    # stores of 64 bits become two of 32.
    layout = f'target datalayout = "{machine.target_data}"\ntarget triple = "{TRIPLE}"\n'
    module = llvm.parse_assembly(layout + ir_text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=opt_level)
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return str(machine.emit_assembly(module))
