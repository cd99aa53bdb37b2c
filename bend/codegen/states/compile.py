"""Core to a program for a device: functions that call functions become states, everything else stays as it is."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from functools import cache

from bend.codegen import lir
from bend.codegen.direct.arguments import host_shapes
from bend.codegen.direct.branches import branch_first
from bend.codegen.direct.compile import PIPELINE, Analysed, analysed, layouts
from bend.codegen.direct.context import WORKER
from bend.codegen.direct.dispatch import arity_of, tables
from bend.codegen.direct.forks import fork_calls
from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_merge import merge
from bend.codegen.lir_walk import calls_in, rewritten
from bend.codegen.pylir import compile_kernel
from bend.codegen.states.blocks import Flat
from bend.codegen.states.facts import fact_functions, fact_tables
from bend.codegen.states.flatten import CONSTANT, MAKE, flatten
from bend.codegen.states.layout import Machine, lay_out
from bend.codegen.states.leaves import inline_leaves
from bend.codegen.states.loops import with_rare_checks
from bend.codegen.states.lower import lower_functions
from bend.codegen.states.outline import outline_forks
from bend.codegen.states.sequential import sequential
from bend.codegen.states.stepping import stepping
from bend.codegen.states.widen import forms, widen_forks
from bend.desugar import core
from bend.records import dataclass, replace
from bend.runtime.cache import Cache
from bend.runtime.direct.program import ActionForms, DirectProgram, Entry
from bend.runtime.gpu import gpu_ptx
from bend.runtime.jit import compile_object
from bend.runtime.waves.kernel import EMULATION, GPU, GPU_MAIN, MODULES, kernel_parameters
from bend.runtime.waves.program import WavesProgram

ENTRY = 'run_entry'
APPLY = 'apply_value'
ACTING = (APPLY, MAKE)
"""What the host asks for where it performs actions."""
LANE = 'gpu_lane'
"""What each thread of a GPU runs."""
KERNEL_ASKS = (ENTRY, 'cell_words')
"""What the host and the kernel ask for."""
ALWAYS = (ENTRY, MAKE)
"""These are states even if they end soon."""
STACK_WORDS = 1 << 10
"""The words of the stack of each lane: on a GPU it lies in its local memory, for as many lanes as there can be."""
LARGE = 150
"""With more blocks than this a machine is large: what is done for cells all over it is called then, not inlined. All
states are in one function, and the time that it takes to assemble grows faster than its size."""
CALLED = frozenset(('retain_shared', 'release_shared', 'allocate_small', 'release_small', 'drop', 'new_frame',
                    'free_frame'))
_CALLS = PIPELINE.index(branch_first) + 1
_FORKS = PIPELINE.index(fork_calls) + 1
STATES_PIPELINE = (*PIPELINE[:_CALLS], inline_leaves, widen_forks, *PIPELINE[_CALLS:_FORKS], outline_forks,
                   *PIPELINE[_FORKS:])


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program with the kernel and its target. `front` is what it was made from."""

    module: lir.Module
    machine: Machine
    front: Analysed


def compile_states(book: core.Book, targets: Sequence[object], *, eta: bool = True,
                   check_overflow: bool = False, given: Sequence[int] = ()) -> Compiled:
    """Compiles what the entry of a book reaches to LIR, with kernel modules that are the target. `given` are the sets
    of the numbers that the entry of a standalone program is applied to, as for `lower_direct`. Raises `Unsupported` for
    what cannot run on a device."""
    front = analysed(book, STATES_PIPELINE, eta=eta, check_overflow=check_overflow, given=given)
    # Functions have no serial versions here.
    context = replace(front.context, forking=frozenset())
    functions = lower_functions(context)
    module = kernel(check_overflow, tuple(map(str, targets)))
    structs = {item.name: item for item in (*module.structs, *context.structs.values())}
    known = {item.name: item for item in module.functions}
    states, plain = split(functions, known[MAKE], acts=front.actions is not None or bool(given))
    machine = lay_out(states, structs, WORKER.name)
    in_sequence, in_steps = forms(context)
    worker = structs['Worker']
    made = [sequential(machine, worker, in_sequence), stepping(machine, worker, in_steps), *fact_functions(machine)]
    called = CALLED if sum(len(flat.blocks) for flat in states) > LARGE else frozenset()
    kept = replace(module, functions=tuple(
        replace(item, inline='never') if item.name in called else item
        for item in module.functions if item.name not in ALWAYS))
    program = lir.Module((*made, *plain), tuple(context.structs.values()), (*tables(context), *fact_tables(machine)))
    return Compiled(merge(kept, program), machine, replace(front, context=context))


def compile_waves(book: core.Book, *, eta: bool = True, check_overflow: bool = False,
                  opt_level: int = 2) -> WavesProgram:
    """Compiles a book for the emulated device. Raises `Unsupported`."""
    compiled = compile_states(book, (EMULATION,), eta=eta, check_overflow=check_overflow)
    return described(compiled, compile_object(emit_module(compiled.module), opt_level), check_overflow)


def compile_gpu(book: core.Book, capability: tuple[int, int], cache: Cache, *, eta: bool = True,
                check_overflow: bool = False) -> WavesProgram:
    """Compiles a book for GPUs of a compute capability; the object code is PTX, as bytes. Raises `Unsupported`, and
    TooOld."""
    compiled = compile_states(book, (GPU,), eta=eta, check_overflow=check_overflow)
    module = merge(compiled.module, lir.Module((_lane(compiled.module),)))
    return described(compiled, gpu_ptx(module, LANE, capability, cache).encode(), check_overflow)


def _lane(module: lir.Module) -> lir.Function:
    """What is launched on a GPU: gives a lane memory of its own, for its state and the stack of sequential runs."""
    start = lir.Local('start', lir.U64)
    call = module.function(GPU_MAIN).call(start, lir.StackArray(lir.StructName('Worker'), 1),
                                          lir.StackArray(lir.U64, STACK_WORDS))
    return lir.Function(LANE, ((start.name, lir.U64),), lir.VOID, (lir.ExprStmt(call),), exported=True)


def described(compiled: Compiled, object_code: bytes, check_overflow: bool) -> WavesProgram:
    """A program with what its host needs to know."""
    context, actions = compiled.front.context, compiled.front.actions
    program = DirectProgram(
        object_code=object_code,
        shapes=tuple(context.layout.shapes),
        entries=tuple(Entry(given.function, given.count, arity_of(context, given.function))
                      for given in context.entries),
        constants=context.program.constants,
        layouts=layouts(compiled.module),
        places=pickle.dumps(context.program.places, pickle.HIGHEST_PROTOCOL),
        book=pickle.dumps(compiled.front.readable, pickle.HIGHEST_PROTOCOL),
        counted=1 + len(context.program.places) if check_overflow else 0,
        parallel=True,
        functions=tuple(function.origin for function in context.program.functions.values()),
        actions=None if actions is None else ActionForms(actions.calls, actions.ends, actions.cells),
        made=host_shapes(context.flow, context.layout),
    )
    machine = compiled.machine
    return WavesProgram(program, machine.entries[ENTRY], machine.entries.get(MAKE, 0), machine.entries.get(APPLY, 0),
                        machine.frame_words, machine.entry_words, STACK_WORDS)


@cache
def kernel(check_overflow: bool, targets: tuple[str, ...]) -> lir.Module:
    """The kernel with what targets provide."""
    return compile_kernel((*MODULES, *targets), kernel_parameters(check_overflow=check_overflow))


def split(functions: Sequence[lir.Function], make: lir.Function, *,
          acts: bool = False) -> tuple[list[Flat], list[lir.Function]]:
    """The functions that become states, in blocks, and the others as plain functions. `make` is the kernel's function
    that computes constants, and `acts` says that the host may apply values, as it does where it performs actions."""
    every = {function.name: _plain(function) for function in (*functions, make)}
    asked = ACTING if acts else ()
    names = long_functions(every, (*ALWAYS, *asked))
    reached = reached_functions(every, (*KERNEL_ASKS, *asked))
    states = [flatten(function, names, f'{number}:') for number, function in enumerate(every.values())
              if function.name in names & reached]
    plain = [with_rare_checks(function) for function in every.values() if function.name in reached - names]
    return states, plain


def long_functions(functions: Mapping[str, lir.Function], always: Sequence[str] = ALWAYS) -> frozenset[str]:
    """The functions from which a cycle of calls can be reached, or that are always states: all but those whose
    calls are sure to end soon, but for loops."""
    left = {name: callees(function) & functions.keys() for name, function in functions.items()}
    while True:
        short = {name for name, called in left.items() if not called & left.keys() and name not in always}
        if not short:
            return frozenset(left)
        for name in short:
            del left[name]


def reached_functions(functions: Mapping[str, lir.Function], asked: Sequence[str]) -> frozenset[str]:
    """The functions that those which the host and the kernel ask for reach."""
    found: set[str] = set()
    pending = [*asked]
    while pending:
        name = pending.pop()
        if name in functions and name not in found:
            found.add(name)
            pending += callees(functions[name])
    return frozenset(found)


def callees(function: lir.Function) -> set[str]:
    """Whom a function calls."""
    return {MAKE if call.function == CONSTANT else call.function for call in calls_in(function.body)}


def _plain(function: lir.Function) -> lir.Function:
    """A function that calls others, and is called, in the ordinary way: nothing takes the place of its caller."""
    def change(item: lir.Expr) -> lir.Expr:
        return replace(item, tail=False) if isinstance(item, lir.Call) and item.tail else item

    return replace(function, body=rewritten(function.body, change), tail=False)

