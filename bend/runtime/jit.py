"""LLVM IR to machine code in this process, and machine code to callable addresses.

Object code is bytes that can be cached: `compile_object` makes it, `load_object` takes it into the process. llvmlite
is imported on first use, since a program that does not run natively need not pay for it.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

LOADED_PROGRAMS = 16
USUAL_LEVEL = 2
_LOADING = threading.Lock()


@functools.cache
def _binding() -> Any:
    """llvmlite's binding, with the host target made ready."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.load_library_permanently('')
    return llvm


@functools.cache
def _host() -> tuple[str, str]:
    """The name of this machine's CPU and its features, in LLVM's words."""
    llvm = _binding()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@functools.cache
def _target_machine(opt_level: int) -> Any:
    """A target machine for this CPU."""
    llvm = _binding()
    cpu, features = _host()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=cpu, features=features, opt=opt_level, reloc='pic', codemodel='small', jit=True
    )


def host_key() -> str:
    """What object code depends on besides its source: the CPU, its features and the version of LLVM."""
    llvm = _binding()
    cpu, features = _host()
    version = '.'.join(str(part) for part in llvm.llvm_version_info)
    return f'{llvm.get_default_triple()}|{cpu}|{features}|{version}'


def optimize(ir_text: str, opt_level: int) -> str:
    """The IR after the pass pipeline, for tests and dumps."""
    return str(_optimized(ir_text, opt_level))


def _optimized(ir_text: str, opt_level: int) -> Any:
    """The parsed and optimised module."""
    llvm = _binding()
    machine = _target_machine(opt_level)
    module = llvm.parse_assembly(ir_text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=opt_level)
    options.loop_unrolling = opt_level > 1
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def usual_level() -> int:
    """The optimisation level of programs and kernels."""
    return USUAL_LEVEL


def compile_object(ir_text: str, opt_level: int = 2) -> bytes:
    """Compiles LLVM IR for this machine.

    `opt_level` is 0 to 3. Gives relocatable object code. Raises RuntimeError if the IR is malformed, which is a
    fault of the emitter.
    """
    module = _optimized(ir_text, opt_level)
    data: bytes = _target_machine(opt_level).emit_object(module)
    return data


class Library:
    """Object code in the process; its addresses hold as long as this object lives."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def address(self, name: str) -> int:
        """The address of an exported function. Raises KeyError if there is none."""
        address = int(self._engine.get_function_address(name))
        if address == 0:
            raise KeyError(name)
        return address


def load_object(*objects: bytes) -> Library:
    """Takes pieces of object code, which may call each other, into the process and resolves what they call. Safe to
    call from several threads."""
    llvm = _binding()
    with _LOADING:
        # An execution engine owns its target machine, so that the cached one cannot serve here.
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(opt=0, reloc='pic', codemodel='small', jit=True)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(''), machine)
        for data in objects:
            engine.add_object_file(llvm.ObjectFileRef.from_data(data))
        engine.finalize_object()
    return Library(engine)


@functools.lru_cache(maxsize=LOADED_PROGRAMS)
def loaded(*objects: bytes) -> Library:
    """Object code in the process, where that of programs that run again and again stays. Empty pieces are none."""
    return load_object(*filter(None, objects))
