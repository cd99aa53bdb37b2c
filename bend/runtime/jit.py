"""LLVM IR to machine code in this process, and machine code to callable addresses.

Object code is bytes that can be cached: `compile_object` makes it, `load_object` takes it into the process. llvmlite
is imported on first use, since a program that does not run natively need not pay for it.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

from bend.deep_stack import start_deep_thread
from bend.records import dataclass

LOADED_PROGRAMS = 16
LIBRARY = 'program'
USUAL_LEVEL = 2
_LOADING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Machine:
    """What object code is for, in LLVM's words."""

    triple: str
    cpu: str
    features: str = ''


@functools.cache
def _binding() -> Any:
    """llvmlite's binding, with the host target made ready."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.load_library_permanently('')
    return llvm


@functools.cache
def host_machine() -> Machine:
    """This machine, with its CPU and its features."""
    llvm = _binding()
    return Machine(llvm.get_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())


@functools.cache
def _target_machine(machine: Machine, opt_level: int, jit: bool = True) -> Any:
    """LLVM's target machine that is used by one thread at a time. Raises `UnknownMachine` if this LLVM has none."""
    return _new_target_machine(machine, opt_level, jit)


def _new_target_machine(machine: Machine, opt_level: int, jit: bool = True) -> Any:
    """A target machine of LLVM. Raises `UnknownMachine` if this LLVM has none."""
    llvm = _binding()
    if machine.triple != llvm.get_default_triple():
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(machine.triple)
    except RuntimeError:
        raise UnknownMachine(machine.triple) from None
    return target.create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=opt_level, reloc='pic', codemodel='small', jit=jit
    )


class UnknownMachine(Exception):
    """This LLVM makes no code for a machine; its triple."""


def host_key() -> str:
    """What object code depends on besides its source: the CPU, its features and the version of LLVM."""
    llvm = _binding()
    host = host_machine()
    version = '.'.join(str(part) for part in llvm.llvm_version_info)
    return f'{host.triple}|{host.cpu}|{host.features}|{version}'


def optimize(ir_text: str, opt_level: int) -> str:
    """The IR after the pass pipeline, for tests and dumps."""
    return str(_optimized(_target_machine(host_machine(), opt_level), opt_level, ir_text))


def _optimized(target: Any, opt_level: int, *ir_texts: str) -> Any:
    """The parsed modules as one, optimised, in LLVM's usual context."""
    module, builder = _prepared(target, opt_level, _binding().get_global_context(), *ir_texts)
    builder.getModulePassManager().run(module, builder)
    return module


def _prepared(target: Any, opt_level: int, context: Any, *ir_texts: str) -> tuple[Any, Any]:
    """The parsed modules as one, and what makes its pass pipeline."""
    llvm = _binding()
    # The parser gives accesses the alignment that the layout says, so that it has to be there at once.
    layout = f'target datalayout = "{target.target_data}"\ntarget triple = "{target.triple}"\n'
    module = llvm.parse_assembly(layout + ir_texts[0], context)
    for text in ir_texts[1:]:
        module.link_in(llvm.parse_assembly(layout + text, context))
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=opt_level)
    options.loop_unrolling = opt_level > 1
    options.loop_vectorization = False
    options.slp_vectorization = False
    return module, llvm.create_pass_builder(target, options)


def usual_level() -> int:
    """The optimisation level of programs and kernels."""
    return USUAL_LEVEL


def compile_object(ir_text: str, opt_level: int = 2) -> bytes:
    """Compiles LLVM IR for this machine.

    `opt_level` is 0 to 3. Gives relocatable object code. Raises RuntimeError if the IR is malformed, which is a
    fault of the emitter.
    """
    target = _target_machine(host_machine(), opt_level)
    data: bytes = target.emit_object(_optimized(target, opt_level, ir_text))
    return data


def compile_for(machine: Machine, *ir_texts: str) -> bytes:
    """The same for any machine, as code that is linked to a file, of several modules. Raises `UnknownMachine` as
    well."""
    target = _target_machine(machine, USUAL_LEVEL, jit=False)
    data: bytes = target.emit_object(_optimized(target, USUAL_LEVEL, *ir_texts))
    return data


def optimized_for(machine: Machine, *ir_texts: str) -> str:
    """The IR for a machine after the pass pipeline. Raises as `compile_for`."""
    target = _target_machine(machine, USUAL_LEVEL, jit=False)
    # LLVM gives structs other names where their context has such names already, so this one is new each time.
    with _binding().create_context() as context:
        module, builder = _prepared(target, USUAL_LEVEL, context, *ir_texts)
        with module:
            builder.getModulePassManager().run(module, builder)
            return str(module)


def start_compiling(texts: Sequence[tuple[str, int]], threads: int) -> Callable[[], list[bytes]]:
    """Compiles several modules, each with its level, on some threads. They start at once, but for one, which is that
    of who calls what this gives for the object code."""
    if len(texts) == 1 or threads == 1:
        return lambda: [compile_object(*text) for text in texts]
    host_machine()
    numbers = iter(range(len(texts)))
    done: dict[int, bytes] = {}
    problems: list[BaseException] = []

    def work() -> None:
        try:
            for number in numbers:
                done[number] = _compile_aside(*texts[number])
                if problems:
                    return
        except BaseException as problem:  # carried over to the thread that waits
            problems.append(problem)

    def finish() -> list[bytes]:
        work()
        for thread in others:
            thread.join()
        if problems:
            raise problems[0]
        return [done[number] for number in range(len(texts))]

    others = [start_deep_thread(work) for _ in range(min(threads, len(texts)) - 1)]
    return finish


def _compile_aside(ir_text: str, opt_level: int) -> bytes:
    """`compile_object` while other threads do the same: with a context and a target machine of its own, LLVM needs no
    lock. llvmlite takes one for each of its functions; the two that take long are called without, if it lets us."""
    llvm = _binding()
    target = _new_target_machine(host_machine(), opt_level)
    with llvm.create_context() as context:
        module, builder = _prepared(target, opt_level, context, ir_text)
        with module:
            passes = builder.getModulePassManager()
            library = _without_lock()
            if library is None:
                passes.run(module, builder)
                return bytes(target.emit_object(module))
            library.LLVMPY_RunNewModulePassManager(passes, module, builder)
            with llvm.ffi.OutputString() as problem:
                buffer = library.LLVMPY_TargetMachineEmitToMemory(target, module, 1, problem)
                if not buffer:
                    raise RuntimeError(str(problem))
            try:
                return ctypes.string_at(library.LLVMPY_GetBufferStart(buffer), library.LLVMPY_GetBufferSize(buffer))
            finally:
                library.LLVMPY_DisposeMemoryBuffer(buffer)


@functools.cache
def _without_lock() -> Any:
    """llvmlite's library without its lock; None if it is not where it was from 0.40 to 0.50."""
    library = getattr(_binding().ffi.lib, '_lib', None)
    names = ('RunNewModulePassManager', 'TargetMachineEmitToMemory', 'GetBufferStart', 'GetBufferSize',
             'DisposeMemoryBuffer')
    functions = [getattr(library, f'LLVMPY_{name}', None) for name in names]
    return library if all(function is not None and function.argtypes for function in functions) else None


class Library:
    """Object code in the process; its addresses hold as long as this object lives."""

    def __init__(self, linker: Any, code: Any) -> None:
        self._linker = linker
        # LLVM unloads the code with the first of these that goes.
        self._held = [code]

    def address(self, name: str) -> int:
        """The address of an exported function. Raises KeyError if there is none."""
        try:
            found = self._linker.lookup(LIBRARY, name)
        except RuntimeError:
            raise KeyError(name) from None
        self._held.append(found)
        return int(found[name])


def load_object(*objects: bytes) -> Library:
    """Takes pieces of object code, which may call each other, into the process and resolves what they call. Safe to
    call from several threads.

    JITLink puts all sections of a piece next to each other, and calls from one piece to the next take a way of their
    own if these are far apart. MCJIT asks for memory section by section: in a process with little room between large
    mappings, as CUDA leaves it, code and its constants can be further apart than an instruction reaches, and LLVM ends
    the process."""
    llvm = _binding()
    with _LOADING:
        # The linker owns its target machine, so that the cached one cannot serve here.
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(opt=0, reloc='pic', codemodel='small', jit=True)
        linker = llvm.create_lljit_compiler(machine, use_jit_link=True, suppress_errors=True)
        library = llvm.JITLibraryBuilder().add_current_process()
        for data in objects:
            library.add_object_img(data)
        return Library(linker, library.link(linker, LIBRARY))


@functools.lru_cache(maxsize=LOADED_PROGRAMS)
def loaded(*objects: bytes) -> Library:
    """Object code in the process, where that of programs that run again and again stays. Empty pieces are none."""
    return load_object(*filter(None, objects))
