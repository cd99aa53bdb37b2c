"""Running net programs on CPU threads: memory, workers, the result.

The native side is the kernel (`bend.runtime.kernel`) with the program's compiled definitions; this side reserves
address space, starts one Python thread a worker (ctypes gives up the interpreter lock while native code runs),
waits so that Ctrl-C gets through, and reads the result net out of the heap.
"""

from __future__ import annotations

import ctypes
import pickle
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import Any, Protocol

from bend.hvm import net
from bend.hvm.actions import ActionNames
from bend.hvm.numbers import DivisionByZero
from bend.records import dataclass
from bend.runtime.image import FIRST_WORD, Image
from bend.runtime.jit import Library, loaded
from bend.runtime.progress import Progress, Watcher
from bend.runtime.region import (
    MAX_WORKERS,
    WORD,
    OutOfMemory,
    Region,
    available_threads,
    default_memory_limit,
    give_back,
    reserve_most,
)

CHUNK_WORDS = 8192
RING_STRIDE = 4112
SLACK_BYTES = 256 << 20
STOP_MEMORY, STOP_INTERRUPTED, STOP_DIVISION, STOP_PAUSED = 1, 2, 3, 4
ALLOWANCE = 512
"""Polls that one thread makes alone before others take part, if there are tasks to share: about a millisecond. With 0,
others take part from the beginning."""
LONGEST = 8192
"""Polls after which it looks whether it is to be interrupted: some twenty milliseconds."""
VARIABLE, REFERENCE, ERASER, NUMBER = 0, 1, 2, 3
COUNTERS = {'call': 'calls', 'void': 'voids', 'erase': 'erasures', 'annihilate': 'annihilations',
            'commute': 'commutations', 'operate': 'operations', 'switch': 'switches'}
"""Where workers count the interactions of each rule."""
MIXED = 'mixed'
"""Where they count those that are not told apart."""
FIRST_BINARY, DUPLICATION = 4, 5
BINARY: dict[int, type[net.Con | net.Opr | net.Swi]] = {4: net.Con, 6: net.Opr, 7: net.Swi}
LABELS = 1 << 20
KIND_MASK = 0xFFFFFF
FRESH_LABELS = LABELS - net.STATIC_LABELS


class Words(Protocol):
    """The words of a heap by their indices."""

    def __getitem__(self, index: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class NetProgram:
    """A compiled book: object code, tables, and what the host must know to run it. Can be pickled.

    `book` holds 64-bit words (see `bend.runtime.kernel.expand`), `names` the definitions by number, `layouts` the
    word offset of each field of the kernel's structs and, under '', its size in words. Where `actions` are possible,
    the code has what `bend.runtime.cpu_actions` needs. `places` are those of operations, pickled, since few runs need
    them; `counted` is how many words a worker needs to count overflows by place, 0 where they are not counted.
    `by_rule` says that it counts interactions by their rules.
    """

    object_code: bytes
    book: bytes
    names: tuple[str, ...]
    scratch_words: int
    layouts: Mapping[str, Mapping[str, int]]
    actions: ActionNames
    places: bytes
    counted: int
    by_rule: bool = False

    def places_by_number(self) -> tuple[net.Place | None, ...]:
        """The places of operations; 0 is the unknown one."""
        return (None, *pickle.loads(self.places))


@dataclass(frozen=True, slots=True)
class WorkerCount:
    """What one worker did: interactions, tasks that it gave to idle workers, and messages that it sent to others."""

    interactions: int
    tasks_given: int
    messages: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run gives: the result net (its root only), and what it cost. `by_rule` is empty where the program does
    not count interactions by their rules."""

    net: net.Net
    interactions: int
    seconds: float
    peak_bytes: int
    by_rule: Mapping[str, int] = field(default_factory=dict)
    workers: tuple[WorkerCount, ...] = ()


def run(program: NetProgram, threads: int = 0, memory_limit: int = 0, entry: str = 'main',
        perform: Callable[[Run], None] | None = None, arguments: tuple[Image, Sequence[int]] | None = None,
        overflows: Counter[net.Place | None] | None = None, watcher: Watcher | None = None) -> RunResult:
    """Runs a definition of the book, `main` unless another is named, to its normal form.

    `threads` is the number of workers (0: one a core), `memory_limit` a number of bytes (0: most of what is free).
    `perform` is called with the run at rest, and may go on with it. The definition is applied to `arguments`, ports of
    an image. What a program counts that was compiled so is added to `overflows`, however the run ends. The watcher
    sees how it gets on. Raises OutOfMemory, DivisionByZero, KeyboardInterrupt.
    """
    threads = min(threads or available_threads(), MAX_WORKERS)
    memory_limit = memory_limit or default_memory_limit()
    library = loaded(program.object_code)
    with reserved_memory(program, threads, memory_limit) as memory:
        current = Run(program, library, memory, memory_limit, watcher)
        try:
            current.boot(program.names.index(entry), place_arguments(memory, memory_limit, arguments))
            if perform is not None:
                perform(current)
        finally:
            if overflows is not None and program.counted:
                overflows.update(memory.overflows())
        result = read_tree(memory.heap_words, memory.heap[memory.root], program.names)
        by_rule = memory.by_rule() if program.by_rule else {}
        return RunResult(net.Net(result), memory.interactions(), current.seconds, memory.shared('memory_used'), by_rule,
                         memory.counts())


# ---- memory ----------------------------------------------------------------------------------


class Memory:
    """The state of one run: words by address, and the fields of the kernel's structs."""

    def __init__(self, program: NetProgram, threads: int, regions: Mapping[str, Region]) -> None:
        self.program = program
        self.layouts = program.layouts
        self.threads = threads
        self.regions = regions
        self.heap = regions['heap'].words
        self.heap_words = memoryview(self.heap).cast('B').cast('Q')
        self.root = CHUNK_WORDS - 1

    def worker_address(self, index: int) -> int:
        """Where the struct of a worker lies."""
        return self.regions['workers'].address + index * self.worker_words * WORD

    @property
    def worker_words(self) -> int:
        """Size of a worker's struct, in whole cache lines."""
        return -(-self.layouts['Worker'][''] // 8) * 8 + 8

    def shared(self, name: str) -> int:
        """A field of what all workers share."""
        return self.regions['shared'].words[self.layouts['Shared'][name]]

    def set_shared(self, name: str, value: int) -> None:
        """Sets a field of what all workers share."""
        self.regions['shared'].words[self.layouts['Shared'][name]] = value

    def worker(self, index: int, name: str) -> int:
        """A field of a worker."""
        return self.regions['workers'].words[index * self.worker_words + self.layouts['Worker'][name]]

    def set_worker(self, index: int, name: str, value: int) -> None:
        """Sets a field of a worker."""
        self.regions['workers'].words[index * self.worker_words + self.layouts['Worker'][name]] = value

    def overflows(self) -> Counter[net.Place | None]:
        """How often results did not fit, by place."""
        words, size = self.regions['overflows'].words, self.program.counted
        counts = [sum(words[number:size * self.threads:size]) for number in range(size)]
        places = self.program.places_by_number() if any(counts) else ()
        return Counter({place: count for place, count in zip(places, counts, strict=False) if count})

    def interactions(self) -> int:
        """The interactions of all workers so far."""
        return sum(self.worker(index, counter) for index in range(self.threads)
                   for counter in (*COUNTERS.values(), MIXED))

    def progress(self) -> Progress:
        """How the run gets on; numbers that workers are about to change."""
        idle = self.shared('idle').bit_count()
        return Progress(self.interactions(), self.shared('memory_used'), self.threads - idle, self.threads)

    def counts(self) -> tuple[WorkerCount, ...]:
        """What each worker did so far."""
        return tuple(WorkerCount(sum(self.worker(index, counter) for counter in (*COUNTERS.values(), MIXED)),
                                 self.worker(index, 'gifts'), self.worker(index, 'messages'))
                     for index in range(self.threads))

    def by_rule(self) -> dict[str, int]:
        """The interactions of all workers by the names of their rules."""
        return {rule: sum(self.worker(index, counter) for index in range(self.threads))
                for rule, counter in COUNTERS.items()}


@contextmanager
def reserved_memory(program: NetProgram, threads: int, memory_limit: int) -> Iterator[Memory]:
    """All the memory of a run, initialised, and given back at the end."""
    regions: dict[str, Region] = {}
    wanted = 1 << ((memory_limit + SLACK_BYTES) // WORD).bit_length()
    try:
        regions['heap'], region_words = reserve_most(wanted, threads, 1 << 17)
        regions['bags'], bag_words = reserve_most(wanted, threads, 1 << 17)
        regions['waiting'], waiting_words = reserve_most(bag_words, threads, 1 << 14)
        sizes = {'shared': program.layouts['Shared'][''], 'workers': threads * (program.layouts['Worker'][''] + 16),
                 'rings': threads * threads * RING_STRIDE, 'scratch': threads * (program.scratch_words + 64),
                 'book': len(program.book) // WORD, 'overflows': threads * program.counted or 1}
        for name, words in sizes.items():
            regions[name], _ = reserve_most(words, 1, words)
        ctypes.memmove(regions['book'].address, program.book, len(program.book))
        memory = Memory(program, threads, regions)
        initialise(memory, program, memory_limit, region_words, bag_words, waiting_words)
        yield memory
    finally:
        for region in regions.values():
            give_back(region)


def initialise(memory: Memory, program: NetProgram, memory_limit: int, region_words: int, bag_words: int,
               waiting_words: int) -> None:
    """Fills in the structs. The first chunk of the heap is never handed out: index 0 is no node, and the root
    variable is its last word."""
    regions = memory.regions
    for name, value in {'workers': memory.threads, 'heap': regions['heap'].address, 'region_words': region_words,
                        'memory_limit': memory_limit, 'book': regions['book'].address,
                        'rings': regions['rings'].address, 'allowance': ALLOWANCE, 'longest': max(LONGEST, ALLOWANCE),
                        'idle': (1 << memory.threads) - 2}.items():
        memory.set_shared(name, value)
    for index in range(memory.threads):
        first = index * region_words + (CHUNK_WORDS if index == 0 else 0)
        for name, value in {'heap': regions['heap'].address, 'owner_shift': region_words.bit_length() - 1,
                            'id': index, 'next_label': index * (FRESH_LABELS // memory.threads),
                            'regions': (1 << memory.threads) - 1 if index == 0 else 0,
                            'waiting': regions['waiting'].address + index * waiting_words * WORD,
                            'bag': regions['bags'].address + index * bag_words * WORD,
                            'bag_words': bag_words, 'tick': 1, 'book': regions['book'].address,
                            'shared': regions['shared'].address, 'region_next': first,
                            'next': memory.worker_address((index + 1) % memory.threads),
                            'region_end': (index + 1) * region_words,
                            'overflows': regions['overflows'].address + index * program.counted * WORD,
                            'scratch': regions['scratch'].address + index * (program.scratch_words + 64) * WORD,
                            }.items():
            memory.set_worker(index, name, value)


def place_arguments(memory: Memory, memory_limit: int, arguments: tuple[Image, Sequence[int]] | None) -> int:
    """Puts data into the first worker's region; gives the port of a spine of arguments that ends in the root variable,
    which is the root variable itself if there are none. Raises OutOfMemory."""
    target = memory.root << 24
    if arguments is None:
        return target
    image, ports = arguments
    for argument in reversed(ports):
        target = image.pair(argument, target)
    size = -(-len(image.words) // CHUNK_WORDS) * CHUNK_WORDS
    first = memory.worker(0, 'region_next')
    if size * WORD > memory_limit or first + size + CHUNK_WORDS > memory.worker(0, 'region_end'):
        raise OutOfMemory(size * WORD, memory_limit)
    assert first == FIRST_WORD
    address, count = image.words.buffer_info()
    ctypes.memmove(memory.regions['heap'].address + first * WORD, address, count * WORD)
    memory.set_worker(0, 'region_next', first + size)
    memory.set_shared('memory_used', memory.shared('memory_used') + size * WORD)
    return target


# ---- workers ---------------------------------------------------------------------------------


class Run:
    """A run under way: a net that is reduced by all workers until it is at rest, and goes on when something was added.

    `seconds` is what the reduction took so far.
    """

    def __init__(self, program: NetProgram, library: Library, memory: Memory, memory_limit: int,
                 watcher: Watcher | None = None) -> None:
        self.program = program
        self.library = library
        self.memory = memory
        self.memory_limit = memory_limit
        self.watcher = watcher
        self.seconds = 0.0

    def function(self, name: str, result: type[Any] | None, parameters: int) -> Callable[..., int]:
        """An exported function of the kernel, all of whose parameters are words."""
        return ctypes.CFUNCTYPE(result, *[ctypes.c_uint64] * parameters)(self.library.address(name))

    def boot(self, definition: int, target: int) -> None:
        """Reduces a definition, joined with a port. Raises as `run` does."""
        self.function('boot', None, 3)(self.memory.worker_address(0), definition, target)
        if not self.memory.shared('stop'):
            self.memory.set_shared('stop', STOP_PAUSED)
            self.memory.set_shared('stop_detail', int(ALLOWANCE == 0 and self.memory.threads > 1))
        self.resume()

    def resume(self) -> None:
        """Goes on after a run by one thread that stopped, if it had only used up what it may: with all workers if there
        are tasks to share, as before if there is one thing to do after the other."""
        memory = self.memory
        run_alone = self.function('run_alone', ctypes.c_bool, 1)
        begin = time.perf_counter()
        try:
            while memory.shared('stop') == STOP_PAUSED:
                memory.set_shared('stop', 0)
                if memory.shared('stop_detail'):
                    memory.set_shared('stop_detail', 0)
                    self.share()
                else:
                    run_alone(memory.worker_address(0))
                    if self.watcher is not None:
                        self.watcher.update(memory.progress())
        finally:
            if self.watcher is not None:
                self.watcher.hide()
        self.seconds += time.perf_counter() - begin
        check_stop(memory, self.memory_limit)

    def share(self) -> None:
        """Lets all workers reduce what the first one has until nothing is left; Ctrl-C stops them and is raised again.

        The first worker starts when the others already wait for work: a thread that is busy may keep the next one from
        being started for a time slice.
        """
        memory = self.memory
        worker_main = self.function('worker_main', None, 1)
        wake_all = self.function('wake_all', None, 1)
        pool = [threading.Thread(target=worker_main, args=(memory.worker_address(index),), daemon=True)
                for index in range(memory.threads)]
        memory.set_shared('work', memory.threads)
        for thread in reversed(pool):
            thread.start()
        try:
            wait_for(pool, memory, wake_all, self.watcher)
        except KeyboardInterrupt:
            memory.set_shared('stop', STOP_INTERRUPTED)
            wait_for(pool, memory, wake_all)
            raise
        self.function('gather', None, 1)(memory.worker_address(0))


def wait_for(pool: list[threading.Thread], memory: Memory, wake_all: Callable[..., int],
             watcher: Watcher | None = None) -> None:
    """Joins all threads, and tells the watcher how they get on; a raised stop flag wakes those that sleep."""
    for thread in pool:
        while thread.is_alive():
            thread.join(0.1)
            if memory.shared('stop'):
                wake_all(memory.worker_address(0))
            elif watcher is not None and thread.is_alive():
                watcher.update(memory.progress())


def check_stop(memory: Memory, memory_limit: int) -> None:
    """Raises what the stop flag says."""
    stop = memory.shared('stop')
    if stop == STOP_MEMORY:
        raise OutOfMemory(memory.shared('memory_used'), memory_limit)
    if stop == STOP_DIVISION:
        raise DivisionByZero(memory.program.places_by_number()[memory.shared('stop_detail')])


# ---- the result ------------------------------------------------------------------------------


def made_node(kind: int, first: net.Tree, second: net.Tree) -> net.Tree:
    """A node of a kind, the lower bits of its port."""
    tag = kind & 15
    return net.Dup(first, second, kind >> 4) if tag == DUPLICATION else BINARY[tag](first, second)


def read_tree(words: Words, root: int, names: tuple[str, ...]) -> net.Tree:
    """The tree at a port of a heap, full slots followed; without recursion, since results can be very deep."""
    references: dict[int, net.Ref] = {}
    done: list[net.Tree] = []
    # Ports to read, and negative kinds of nodes to make of what was read.
    pending = [root]
    while pending:
        port = pending.pop()
        kind, value = port & 15, port >> 24
        if port < 0:
            second = done.pop()
            done[-1] = made_node(-port, done[-1], second)
        elif kind >= FIRST_BINARY:
            pending += (-(port & KIND_MASK), words[value + 1], words[value])
        elif kind == VARIABLE:
            held = words[value]
            if held:
                pending.append(held)
            else:
                done.append(net.Var(f'v{value:x}'))
        elif kind == REFERENCE:
            if value not in references:
                references[value] = net.Ref(names[value])
            done.append(references[value])
        elif kind == ERASER:
            done.append(net.Era())
        else:
            done.append(net.Num(value))
    return done[0]
