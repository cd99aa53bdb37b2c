"""The runtime kernel of the direct engine, in two parts: object code that is made once for all programs of a kind and
kept in the cache, and the small functions that are inlined into each program.

What is only needed to compile a kernel is imported then.
"""

from __future__ import annotations

import pickle
from functools import cache

from bend import __version__
from bend.codegen import lir
from bend.fingerprint import fingerprint, host
from bend.prelude import unpickled
from bend.records import dataclass, replace
from bend.runtime.cache import Cache, key_of
from bend.runtime.direct.kernel import C_SYSTEM_CALLS, MODULES, WASM_MODULES, kernel_parameters
from bend.runtime.jit import compile_object

FLOATS, DATA, WORK = (MODULES[-1].with_name(f'{name}.py') for name in ('floats', 'data', 'work'))
IN_PROGRAMS = frozenset({'drop_cell', 'free_cells'})
"""Functions that are compiled with each program although they are not inlined: they ask it for the sizes of cells."""

PROVIDED = frozenset({'run_entry', 'apply_value', 'cell_words', 'run_task'})
"""What the kernel calls of programs."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What kernels differ in: whether several workers may run, whether integers that do not fit into 24 bits are
    counted, whether the host makes or reads cells, whether calls and cells are counted, and whether system calls are
    those of standalone programs."""

    parallel: bool
    check_overflow: bool = False
    is_hosted: bool = False
    counting: bool = False
    is_standalone: bool = False


@dataclass(frozen=True, slots=True)
class Kernel:
    """A compiled kernel: its object code, and what is compiled with each program, which declares the rest."""

    object_code: bytes
    interface: lir.Module


_COMPILED: dict[tuple[Variant, int], Kernel] = {}


def compiled_kernel(variant: Variant, opt_level: int, files: Cache | None) -> Kernel:
    """A kernel, compiled unless this process has done so before or it is in the cache."""
    found = _COMPILED.get((variant, opt_level))
    if found is None:
        key = key_of('kernel', __version__, fingerprint(), host(), repr(variant), str(opt_level))
        found = None if files is None else unpickled(files.get(key), Kernel)
        if found is None:
            found = _compile(variant, opt_level)
            if files is not None:
                files.put(key, pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
        _COMPILED[variant, opt_level] = found
    return found


@cache
def kernel(variant: Variant) -> lir.Module:
    """The whole kernel."""
    from bend.codegen.pylir import compile_kernel
    modules = (*MODULES, FLOATS, *((DATA,) if variant.is_hosted else ()), *((WORK,) if variant.counting else ()))
    return compile_kernel(modules, kernel_parameters(parallel=variant.parallel, check_overflow=variant.check_overflow,
                                                     counting=variant.counting,
                                                     system_calls=C_SYSTEM_CALLS if variant.is_standalone else None))


@cache
def wasm_kernel(is_hosted: bool, budgeted: bool) -> lir.Module:
    """The whole kernel for WebAssembly; with what makes and reads cells if the host does that. One that is `budgeted`
    looks at the clock now and then."""
    from bend.codegen.pylir import compile_kernel
    return compile_kernel((*WASM_MODULES, FLOATS, *((DATA,) if is_hosted else ())),
                          {'PARALLEL': 0, 'CHECK_OVERFLOW': 0, 'COUNTING': 0, 'BUDGETED': int(budgeted)})


def _compile(variant: Variant, opt_level: int) -> Kernel:
    from bend.codegen.emit_llvm import emit_module
    from bend.codegen.lir_fold import fold_branches
    whole = fold_branches(kernel(variant))
    # Traced functions have tables of their frames, which walks over the stack need.
    functions = [replace(function, exported=True, traced=True) if _is_linked(function) else function
                 for function in whole.functions]
    object_code = compile_object(emit_module(replace(whole, functions=tuple(functions))), opt_level)
    declared = [replace(function, body=(), extern=True, exported=False) if _is_linked(function) else function
                for function in whole.functions]
    return Kernel(object_code, replace(whole, functions=tuple(declared)))


def _is_linked(function: lir.Function) -> bool:
    """Whether programs call a function of the kernel's object code."""
    return not function.extern and function.inline != 'always' and function.name not in IN_PROGRAMS
