"""Programs on an emulated device, for tests."""

from __future__ import annotations

from pathlib import Path

from bend.codegen.direct.compile import compile_direct
from bend.codegen.states.compile import compile_waves
from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.driver import Request, compile_source
from bend.hvm.result import Term
from bend.hvm.show import show_main
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.runtime.direct import host as native
from bend.runtime.direct.readback import Memory, ResultReader
from bend.runtime.region import WORD
from bend.runtime.waves.host import Device, WavesRun, open_run
from bend.runtime.waves.program import WavesProgram
from bend.source import Source

HEAP = 64 << 20
FREE_LISTS, LARGE_LISTS = 41, 40
OPTIONS = Options()


def book_of(text: str, name: str = 'program.bend') -> core.Book:
    """The final core of a program."""
    request = Request(Source(name, text), OPTIONS, RUN_SEVERITIES, is_run=True)
    return with_deep_stack(lambda: compile_source(request, PassManager(OPTIONS), Cache.of_user(), None).book)


def program_of(text: str, *, check_overflow: bool = False) -> WavesProgram:
    """A program for a device, not optimised."""
    return with_deep_stack(lambda: compile_waves(book_of(text), opt_level=0, check_overflow=check_overflow))


def devices(program: WavesProgram) -> dict[str, Device]:
    """Small devices on which programs take different ways."""
    smallest = 2 + 2 * program.entry_words
    return {
        'as it comes': Device(heap_bytes=HEAP),
        'full stacks': Device(heap_bytes=HEAP, stack_words=smallest, budget=1, alone_below=3, step_below=5),
        'only steps': Device(heap_bytes=HEAP, alone_below=0, step_below=1 << 30),
        'no steps': Device(heap_bytes=HEAP, alone_below=0, step_below=0, rounds_below=0, budget=2),
        'small blocks': Device(4, 4, heap_bytes=HEAP, block_capacity=3, alone_below=2, step_below=1, rounds_below=2,
                               budget=4),
        'one lane': Device(1, 1, smallest, heap_bytes=HEAP, budget=3, alone_below=0, step_below=2),
    }


def shown(run: WavesRun | native.Run, word: int) -> str:
    """A result as it is printed."""
    memory = Memory(run.program, run.word, run.evaluate)
    term: Term = with_deep_stack(lambda: ResultReader(memory, OPTIONS).read(word, 'default', linear=False))[0]
    return show_main(term, 'default', False, None) or ''


def on_device(program: WavesProgram, device: Device) -> str:
    """What a program gives on a device."""
    with open_run(program, device) as run:
        return shown(run, run.evaluate(0))


def on_threads(book: core.Book) -> str:
    """What native code gives on a thread."""
    program = with_deep_stack(lambda: compile_direct(book, opt_level=0))
    with native.open_run(program, 1, 1 << 28) as run:
        return shown(run, run.evaluate(0))


def golden(name: str) -> core.Book:
    """The final core of a program of the golden tests."""
    path = Path(__file__).parents[1] / 'golden' / 'run' / f'{name}.bend'
    return book_of(path.read_text(encoding='utf-8'), str(path))


def bytes_in_use(run: WavesRun) -> int:
    """The bytes of cells and frames that are in no list of free ones, and of rests too small for one, after a run."""
    lane, shared = run.program.layouts['Worker'], run.program.layouts['Shared']
    lanes, device = run.regions['lanes'].words, run.regions['shared'].words
    in_use = run.peak_bytes
    lists: list[tuple[int, int]] = []
    for index in range(run.device.lanes):
        start = index * lane['']
        in_use -= lanes[start + lane['end']] - lanes[start + lane['next']]
        in_use -= lanes[start + lane['frame_count']] * run.states.frame_words * WORD
        lists += [(lanes[start + lane['free'] + size], size) for size in range(FREE_LISTS)]
        lists += [(lanes[start + lane['large'] + order], 1 << order) for order in range(LARGE_LISTS)]
    for size in range(FREE_LISTS):
        chain = device[shared['given'] + size]
        while chain:
            lists.append((chain, size))
            chain = run.word(chain + WORD)
    for cell, size in lists:
        while cell:
            in_use -= size * WORD
            cell = run.word(cell)
    return in_use
