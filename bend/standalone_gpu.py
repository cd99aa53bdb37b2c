"""Programs of the direct engine as one CUDA C++ file that needs nothing else (`gen-cu`).

The code of the GPU is that of `bend run-cu`, from the same LIR. The host's part is for the most part that of standalone
C programs; what differs is in files of `bend/runtime/c` that begin with `gpu`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from bend.codegen import lir
from bend.codegen.c_text import part
from bend.codegen.emit_c import Style
from bend.codegen.emit_cu import CudaHelpers, emit_cu
from bend.codegen.states.compile import Compiled, compile_states, described
from bend.codegen.states.lower import lower_functions
from bend.desugar import core
from bend.diagnostics import Diagnostic
from bend.hvm.readback import BookInfo
from bend.options import Options
from bend.runtime.direct.host import BUDGET_SECONDS
from bend.runtime.region import WORD
from bend.runtime.waves import gpu as waves
from bend.runtime.waves.host import Device
from bend.runtime.waves.kernel import GPU, GPU_MAIN, MODULES
from bend.runtime.waves.program import WavesProgram
from bend.standalone import (
    GIVEN,
    MAY_NEED_NETS,
    OnlyNetsPrint,
    Render,
    argument_table,
    comments,
    doubts_of,
    failures,
    may_need_nets_suddenly,
    program_tables,
    texts_without_stack,
    unsupported,
)
from bend.standalone_cuda import cuda_file, device_tables
from bend.standalone_gpu_nets import CudaNetsBeside

ROOTS = frozenset((GPU_MAIN,))
"""What the kernel calls."""
SIZES: Mapping[str, int] = {
    'BLOCKS_PER_MULTIPROCESSOR': 1, 'LEAST_PART': int(8 * waves.LEAST_PART), 'LEAST_PART_OF': 8,
    'LARGEST_CAPACITY': waves.LARGEST_CAPACITY, 'CAPACITY_PART': int(1 / waves.CAPACITY_PART),
    'BLOCK_CAPACITY': waves.BLOCK_CAPACITY, 'FIRST_CHUNK': waves.FIRST_CHUNK, 'LEAST_CHUNKS': waves.LEAST_CHUNKS,
    'SMALL_CHUNK': Device().first_chunk, 'MOST_ALONE': waves.MOST_ALONE, 'BUDGET': Device().budget,
}
"""What `bend.runtime.waves.gpu` says on how a GPU is used. A multiprocessor gets one block, as it does there
if a thread needs more than 128 registers, which most programs do: with two, what runs on a single lane takes half as
long again."""


def standalone_gpu(book: core.Book, info: BookInfo, file: str, render: Render, options: Options,
                   given: Sequence[str] = (), *, budgeted: bool = False,
                   nets: Callable[[], CudaNetsBeside | None] = lambda: None) -> tuple[str, tuple[Diagnostic, ...]]:
    """The CUDA C++ of a program, and what to warn of. Takes and raises what `standalone_parts` does; in `OnlyNetsPrint`
    it tells of results that only nets print."""
    if options.encoding != 'num-scott':
        raise OnlyNetsPrint(unsupported('print results in the Scott encoding'))
    compiled = compile_states(book, (GPU,), eta=options.eta, given=[GIVEN[name] for name in given])
    context, actions = compiled.front.context, compiled.front.actions
    doubts = doubts_of(context, book, given, acts=actions is not None)
    may_need_nets = budgeted or doubts or may_need_nets_suddenly(lir.Module(tuple(lower_functions(context))))
    beside = nets() if may_need_nets else None
    if beside is not None and beside.is_acting != (actions is not None):
        beside = None
    described_program = described(compiled, b'', False)
    program = described_program.program
    helpers = CudaHelpers()
    style = Style(ROOTS, comments={**comments(context, book, (*MODULES, GPU)), **state_comments(compiled)})
    parts = (
        emit_cu(compiled.module, style, helpers), part('direct_program.h'),
        *program_tables(program, info, book, beside is not None and beside.has_strings),
        *texts_without_stack(failures(compiled.module, program, render), program, render, beside is not None), '',
        *argument_table(given), '', *machine_tables(described_program), f'#define HAS_NETS {int(beside is not None)}',
        f'#define PATIENCE ((u64){int(BUDGET_SECONDS * 1e9) if budgeted and beside is not None else 0})',
        *device_tables(SIZES if beside is None else {**SIZES, **beside.sizes}, render), '',
        *map(part, ('arrays.c', 'process.c', 'gpu_device.cu', 'gpu_run.cu', 'numbers.c', 'text.c', 'strings.c',
                    'pieces.c', 'direct_result.c')),
        *map(part, () if actions is None else ('streams.c', 'gpu_cells.c', 'direct_fields.c', 'direct_values.c',
                                               'outcomes.c', 'actions.c', 'direct_actions.c')),
        *(() if beside is None else (beside.text(helpers),)),
        *map(part, ('options.c', 'gpu_options.c', 'command_line.c')),
        *(() if beside is None else (part('net_program.c'),)), part('direct_main.c'))
    warnings = (*((MAY_NEED_NETS,) if budgeted else ()), *doubts)
    return cuda_file(parts, file), warnings if beside is None else ()


def machine_tables(program: WavesProgram) -> Iterator[str]:
    """What the host must know of the machine of states."""
    yield f'#define STATE_EVALUATE ((u64){program.evaluates})'
    yield f'#define STATE_KEEP ((u64){program.keeps})'
    yield f'#define STATE_APPLY ((u64){program.applies})'
    yield f'#define FRAME_WORDS ((u64){program.frame_words})'
    yield f'#define PERFORMS_ACTIONS {int(program.program.actions is not None)}'
    yield f'#define STACK_WORDS {program.stack_words}'
    yield f'#define STACK_ROOM ((u64){(program.stack_words - program.entry_words) * WORD})'


def state_comments(compiled: Compiled) -> dict[str, str]:
    """Which functions the numbers of states are."""
    names = compiled.front.context.program.functions
    origins = {compiled.front.context.lir_name(name): function.origin for name, function in names.items()}
    starts = ', '.join(f'{number} {origins.get(name, name)}' for name, number in compiled.machine.entries.items())
    return {
        'step': f'Runs a frame up to its next calls. Functions begin in the states {starts}.',
        'sequence': 'Runs a frame to its end on a stack of its own. The states are those of `step`.',
    }
