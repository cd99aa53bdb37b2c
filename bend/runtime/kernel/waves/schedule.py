"""Waves: each runs all frames that are ready, and makes those ready that the next one runs.

With few frames each is run step by step up to where it calls several things, so that there are soon more. With many,
each is run to its end by one lane, and what waited for it goes on step by step, unless half of the device has nothing
left to do: then what lanes have begun becomes frames again (`spill`). The work of a lane between two barriers is one
call of `advance`; a GPU and the emulation on the CPU differ only in what they do in between.
"""

from bend.runtime.kernel.direct.cells import answer_wants
from bend.runtime.kernel.lang import RELAXED, Ptr, addr, atomic_add, atomic_load, atomic_store, extern, noinline, u64
from bend.runtime.kernel.waves.frames import ROUNDS, frame_at, give_one, give_two, push_frame
from bend.runtime.kernel.waves.spill import is_hungry, spill
from bend.runtime.kernel.waves.state import Worker
from bend.runtime.kernel.waves.stop import check_loop

# What a lane does after `advance`: it has done all its work, or waits for all lanes of the device.
OVER = 0
GRID = 1
# What a sequential run says besides the frame that it ended with.
ONE = 1
TWO = 2
# After so many steps without a fork a frame is run to its end.
MOST_STEPS = 32


@extern
def step(w: Ptr[Worker], frame: u64) -> u64:
    """Runs a frame up to the next call; gives the frame that this lane should go on with, or 0. The compiled program
    provides this."""


@extern
def sequence(w: Ptr[Worker], frame: u64) -> u64:
    """Runs a frame to its end; says how many words its result has, which are in `w.results`. Or, if it had to end
    before: a frame for the call that was to be next, which is to be done before all that is on the stack. The compiled
    program provides this."""


@noinline
def advance(w: Ptr[Worker]) -> u64:
    """Runs a lane up to the next barrier; says which one."""
    shared = w.shared
    wave = w.wave
    check_loop(w)
    answer_wants(w)
    count = atomic_load(addr(shared.ready[wave % ROUNDS]), RELAXED)
    if count == 0:
        return OVER
    start_wave(w, wave + 2)
    lanes = shared.blocks * shared.threads
    index = w.id
    while index < count:
        frame = frame_at(shared, wave, index)
        if index != w.id and count >= shared.step_below and is_hungry(w):
            push_frame(w, frame)
        else:
            run(w, frame, count >= shared.step_below)
        index += lanes
    end_wave(w, wave)
    w.wave = wave + 1
    return GRID


@noinline
def start_wave(w: Ptr[Worker], later: u64) -> None:
    """Makes counters ready for a later wave."""
    if w.id == 0:
        atomic_store(addr(w.shared.ready[later % ROUNDS]), 0, RELAXED)
        atomic_store(addr(w.shared.idle[later % ROUNDS]), 0, RELAXED)
    if w.index == 0:
        atomic_store(addr(w.block.idle[later % ROUNDS]), 0, RELAXED)


@noinline
def end_wave(w: Ptr[Worker], wave: u64) -> None:
    """Says that this lane has nothing left to do."""
    if atomic_add(addr(w.block.idle[wave % ROUNDS]), 1, RELAXED) == w.shared.threads // 2:
        atomic_add(addr(w.shared.idle[wave % ROUNDS]), 1, RELAXED)


@noinline
def run(w: Ptr[Worker], frame: u64, is_sequential: bool) -> None:
    """Runs a frame, to its end or step by step, and then what it calls and what waits for it step by step, until
    several calls can be done at the same time or nothing is left to do here. Many steps in a row are a sequential
    run."""
    steps: u64 = 0 if not is_sequential else MOST_STEPS
    while frame != 0:
        if steps == MOST_STEPS:
            frame = run_to_end(w, frame)
            steps = 0
        else:
            frame = step(w, frame)
            steps += 1


@noinline
def run_to_end(w: Ptr[Worker], frame: u64) -> u64:
    """Runs a frame to its end; gives the frame that goes on, or 0. Or makes frames of what is left to do."""
    ended = sequence(w, frame)
    if ended == ONE:
        return give_one(w, frame, w.results[0])
    if ended == TWO:
        return give_two(w, frame, w.results[0], w.results[1])
    spill(w, frame, ended)
    return 0
