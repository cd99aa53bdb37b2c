"""Nets as one CUDA C++ file that needs nothing else (`gen-cu`), from Bend or from HVM core.

The code of the GPU is that of `bend run-cu`, from the same LIR. The host's part reads and shows results as that of nets
in C does; what differs is in `bend/runtime/c/gpu_net_run.cu`, which does what `bend.runtime.gpu_net` does for `run-cu`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bend.codegen.book_table import BookTable, tabulate
from bend.codegen.c_text import array, comment, kernel_comments, literal, part, printable_table
from bend.codegen.emit_c import Style
from bend.codegen.emit_cu import CudaHelpers, emit_cu
from bend.codegen.gpu_nets import DEVICE, MODULES, compile_for_gpu, gpu_net_kernel, gpu_net_module
from bend.codegen.net_entry import entry_definition
from bend.codegen.nets import KERNEL
from bend.diagnostics import BendError
from bend.hvm import net
from bend.hvm.readback import BookInfo
from bend.hvm.size import check_pairs
from bend.records import dataclass
from bend.runtime import gpu_net
from bend.runtime.gpu_net import ENTRY, GpuNetProgram, Tuning, bag_places, lane_bytes
from bend.standalone import Render, argument_table
from bend.standalone_cuda import cuda_file, device_tables
from bend.standalone_nets import (
    ACTING,
    PREFIX,
    READING,
    action_tables,
    book_tables,
    has_strings,
    names_of_their_own,
    of_threads,
    result_tables,
)


def cuda_core(book: net.Book, file: str, render: Render) -> str:
    """The CUDA C++ of a book of HVM core, which prints what `hvm run-cu` prints. Raises `BendError`."""
    table = tabulate(book)
    names = array('static const char *const net_names[]', map(literal, table.names))
    return whole(book, table, file, (), render, ['/* The definitions. */', *names], ('numbers.c', 'net_core.c'))


def cuda_nets(book: net.Book, info: BookInfo, file: str, render: Render, given: Sequence[str] = ()) -> str:
    """The CUDA C++ of the nets of a Bend program, which prints what `bend run-cu --engine net` prints. `given` are the
    types of the numbers that the program takes on its command line, as arguments of `main`. Raises `BendError`."""
    result = [*result_tables(book, info, render), '', *printable_table(has_strings(book))]
    return whole(book, tabulate(book), file, given, render, result,
                 ('numbers.c', 'text.c', 'strings.c', 'pieces.c', *READING))


@dataclass(frozen=True, slots=True)
class CudaNetsBeside:
    """The nets of a program as a part of its file: the sizes that the host goes by, and the text, behind code with the
    same helpers; `is_acting` tells whether the program may perform actions, `has_strings` whether results may hold
    strings."""

    sizes: Mapping[str, int]
    text: Callable[[CudaHelpers], str]
    is_acting: bool
    has_strings: bool


def cuda_nets_beside(book: net.Book, info: BookInfo, render: Render) -> CudaNetsBeside:
    """The nets of a Bend program, for a file where something else runs first. Raises `BendError`."""
    program = net_program(book)
    is_acting = bool(program.actions.possible)
    tables = (*net_tables(program, book, tabulate(book), render), '', *result_tables(book, info, render), '')
    acting = (part('gpu_net_data.cu'), *names_of_their_own(), *map(part, ACTING)) if is_acting else ()
    texts = (*of_threads(True), *tables, *map(part, ('net_ports.c', 'gpu_net_run.cu')), *acting, *map(part, READING))
    return CudaNetsBeside(sizes(program), lambda helpers: '\n'.join((code(program, helpers), *texts)), is_acting,
                          has_strings(book))


def whole(book: net.Book, table: BookTable, file: str, given: Sequence[str], render: Render, result: Iterable[str],
          printing: Sequence[str]) -> str:
    """The file. The tables of `result` and the files of `printing` are what shows the result. Raises `BendError`."""
    program = net_program(book)
    is_acting = bool(program.actions.possible)
    acting = ('gpu_net_data.cu', 'numbers.c', 'text.c', 'streams.c', 'outcomes.c', *ACTING) if is_acting else ()
    files = dict.fromkeys(('arrays.c', 'process.c', 'gpu_device.cu', 'net_ports.c', 'gpu_net_run.cu', *acting,
                           *printing, 'options.c', 'gpu_options.c', 'command_line.c', 'net_program.c', 'net_main.c'))
    return cuda_file((
        code(program, CudaHelpers()), *of_threads(True), f'#define IS_ACTING {int(is_acting)}', '',
        *net_tables(program, book, table, render), '', *result, '', *argument_table(given), '',
        *device_tables(sizes(program), render), '', *map(part, files)), file)


def net_tables(program: GpuNetProgram, book: net.Book, table: BookTable, render: Render) -> Iterator[str]:
    """What the host's part must know of any book."""
    yield from book_tables(book, table, render)
    if program.actions.possible:
        yield ''
        yield from action_tables(table, program.actions)


def net_program(book: net.Book) -> GpuNetProgram:
    """A book compiled for GPUs. Raises `BendError` for a definition that is too large."""
    if findings := check_pairs(book):
        raise BendError(findings)
    return compile_for_gpu(book)


def code(program: GpuNetProgram, helpers: CudaHelpers) -> str:
    """What runs on the GPU."""
    style = Style(frozenset((ENTRY,)), prefix=PREFIX, comments=comments(program))
    return emit_cu(gpu_net_module(program), style, helpers)


def sizes(program: GpuNetProgram) -> dict[str, int]:
    """What `bend.runtime.gpu_net` says on how nets use a GPU."""
    tuning = Tuning()
    return {
        'NET_REGISTERS': gpu_net.REGISTERS, 'NET_BLOCK_BYTES': gpu_net.BARRIER_BYTES,
        'NET_LANE_BYTES': lane_bytes(gpu_net_kernel(DEVICE, program.counted != 0)),
        'NET_THREADS': gpu_net.USUAL_THREADS, 'NET_REDEX': gpu_net.REDEX,
        'NET_BOOT': gpu_net.BOOT, 'NET_ROOT': gpu_net.ROOT, 'NET_FIRST_CELL': gpu_net.FIRST_CELL,
        'NET_DEPOT_BITS': gpu_net.DEPOT_BITS, 'NET_SLOT_WORDS': gpu_net.MOST_TAKEN * gpu_net.SLOT_WORDS,
        'NET_PLACE_WORDS': gpu_net.PLACE_WORDS, 'NET_PLACES': bag_places(tuning),
        'NET_TASK_CELLS': program.task_cells,
        'NET_LEAST': tuning.least, 'NET_MOST': tuning.most, 'NET_ROUNDS': tuning.rounds,
        'NET_MAGAZINE': tuning.magazine, 'NET_KEPT': tuning.kept,
    }


def comments(program: GpuNetProgram) -> dict[str, str]:
    """What stands before functions: what those of the kernel are for, and which definitions entries are made from."""
    found = kernel_comments((*(KERNEL / f'{name}.py' for name in MODULES), *DEVICE))
    for function in program.code.functions:
        definition = entry_definition(function.name)
        if definition is not None:
            found[function.name] = comment(f'@{program.names[definition]}')
    return found
