"""Waves: each runs all frames that are ready, and makes those ready that the next one runs.

A wave of the device ends with a barrier for all lanes. How it runs depends on how many frames are ready:

* few: one block alone runs them in rounds, as long as there are no long runs;
* more, or long runs: each is run step by step, up to where several calls can be done at the same time, or to its end if
  that is far, by the lanes of all blocks;
* many: each block takes its share, and runs it in rounds until it has nothing left to do.

A round is a wave of one block, which has a list of its own and ends with a barrier of its own. With fewer frames than
lanes, each is run step by step, with more, each is run to its end by one lane. When half of the lanes of a block have
nothing to do, the others make frames of what they have begun (`spill`). When half of the blocks have none, all end
their rounds and what they have is shared out again.

The work of a lane between two barriers is one call of `advance`; a GPU and the emulation on the CPU differ only in what
they do in between. All lanes of a block agree on which barrier comes next: they decide by what was written before the
last one.
"""

from bend.runtime.kernel.direct.cells import answer_wants
from bend.runtime.kernel.lang import (
    BLOCK,
    RELAXED,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_store,
    extern,
    inline,
    noinline,
    u32,
    u64,
)
from bend.runtime.kernel.waves.constants import collect_constants, settle_constants
from bend.runtime.kernel.waves.frames import ROUNDS, give_one, give_two, push_frame, push_to_device
from bend.runtime.kernel.waves.spill import is_device_hungry, is_hungry
from bend.runtime.kernel.waves.state import ALONE, DEVICE, SHARE, Worker
from bend.runtime.kernel.waves.stop import check_loop

# What a lane does after `advance`: it has done all its work, or waits for all lanes of the device, or of its block.
OVER = 0
GRID = 1
LOCAL = 2
# What a sequential run gives if it has come to its end: no address is that low.
ONE = 1
TWO = 2
# After so many steps without a fork a frame is run to its end.
MOST_STEPS = 32
# In one of how many rounds lanes look whether others lack free cells.
GIVING_ROUNDS = 16
# Lanes that a GPU runs together.
WARP = 32


@extern
def step(w: Ptr[Worker], frame: u64) -> u64:
    """Runs a frame up to the next call; gives the frame that this lane should go on with, or 0. The compiled program
    provides this."""


@extern
def sequence(w: Ptr[Worker], frame: u64) -> u64:
    """Runs a frame to its end; says how many words its result has, which are in `w.results`. If it had to end before,
    made frames of what is left to do; gives the one that this lane should go on with, or 0. The compiled program
    provides this."""


@noinline
def advance(w: Ptr[Worker]) -> u64:
    """Runs a lane up to the next barrier; says which one."""
    check_loop(w)
    if w.mode == DEVICE:
        return start_wave(w)
    return next_round(w)


# ---- waves of the device ----


@noinline
def start_wave(w: Ptr[Worker]) -> u64:
    """Begins a wave: runs it, or takes the share of the block."""
    shared = w.shared
    answer_wants(w)
    wave = w.wave
    count = atomic_load(addr(shared.ready[wave % ROUNDS]), RELAXED)
    if count == 0:
        return OVER
    if w.id == 0:
        settle_constants(w)
        atomic_store(addr(shared.ready[(wave + 2) % ROUNDS]), 0, RELAXED)
        atomic_store(addr(shared.idle[(wave + 2) % ROUNDS]), 0, RELAXED)
        atomic_store(addr(shared.is_long[(wave + 2) % ROUNDS]), 0, RELAXED)
    block = w.id // shared.threads
    is_long = atomic_load(addr(shared.is_long[wave % ROUNDS]), RELAXED) != 0
    if count <= shared.alone_below and not is_long:
        if block != 0:
            return end_wave(w)
        w.mode = ALONE
        take_frames(w, 0, count)
        return LOCAL
    if count >= shared.step_below:
        w.mode = SHARE
        take_frames(w, count * block // shared.blocks, count * (block + 1) // shared.blocks)
        return LOCAL
    run_frames(w, shared.lists[wave & 1], spread_index(w), count, shared.blocks * shared.threads, False)
    if end_round(w) == shared.threads // 2:
        atomic_add(addr(shared.idle[wave % ROUNDS]), 1, RELAXED)
    return end_wave(w)


@inline
def spread_index(w: Ptr[Worker]) -> u64:
    """Which frame of the device is this lane's: as few as can be are in one block, and in one warp."""
    shared = w.shared
    block = w.id // shared.threads
    place = w.index
    if shared.threads % WARP == 0:
        place = w.index % WARP * (shared.threads // WARP) + w.index // WARP
    return place * shared.blocks + block


@inline
def end_wave(w: Ptr[Worker]) -> u64:
    """The next wave comes after a barrier of the device."""
    if w.id == 0:
        collect_constants(w)
    w.mode = DEVICE
    w.wave += 1
    return GRID


@noinline
def take_frames(w: Ptr[Worker], first: u64, end: u64) -> None:
    """Takes frames of the device for the first round of a block, as many as it has room for."""
    block = w.block
    source = Ptr[u64](w.shared.lists[w.wave & 1])
    target = Ptr[u64](block.lists[w.round & 1])
    count = end - first
    if count > w.shared.block_capacity:
        count = w.shared.block_capacity
    index = w.index
    while index < end - first:
        if index < count:
            target[index] = source[first + index]
        else:
            push_to_device(w, source[first + index])
        index += w.shared.threads
    if w.index == 0:
        block.ready[w.round % ROUNDS] = u32(count)
        block.ends[w.round & 1] = 0
        block.is_long[w.round % ROUNDS] = 0


# ---- rounds of a block ----


@noinline
def next_round(w: Ptr[Worker]) -> u64:
    """Runs a round, or ends the rounds of the block: it has nothing left to do, or too much."""
    shared = w.shared
    block = w.block
    threads = shared.threads
    if w.round % GIVING_ROUNDS == 0:
        answer_wants(w)
    count = u64(atomic_load(addr(block.ready[w.round % ROUNDS]), RELAXED, BLOCK))
    if count == 0:
        if w.index == 0:
            atomic_add(addr(shared.idle[w.wave % ROUNDS]), 1, RELAXED)
        return end_wave(w)
    frames = block.lists[w.round & 1]
    is_alone = w.mode == ALONE
    is_over = block.ends[w.round & 1] != 0 or atomic_load(addr(block.is_long[w.round % ROUNDS]), RELAXED, BLOCK) != 0
    if is_over or (is_alone and count > shared.alone_below):
        return give_back(w, frames, count)
    run_frames(w, frames, w.index, count, threads, not is_alone and count >= shared.rounds_below)
    end_round(w)
    if w.index == 0:
        block.ends[w.round & 1] = 1 if is_device_hungry(w) else 0
    return LOCAL


@noinline
def give_back(w: Ptr[Worker], frames: u64, count: u64) -> u64:
    """What is ready in the block is for all in the next wave."""
    index = w.index
    while index < count:
        push_to_device(w, Ptr[u64](frames)[index])
        index += w.shared.threads
    return end_wave(w)


@noinline
def run_frames(w: Ptr[Worker], frames: u64, first: u64, count: u64, lanes: u64, is_sequential: bool) -> None:
    """Runs the frames of a list that are this lane's. In sequential runs, lanes do the same number of frames; others
    are left for the next time."""
    end = count
    if is_sequential and count > lanes:
        end = count // lanes * lanes
    index = first
    while index < count:
        frame = Ptr[u64](frames)[index]
        if index >= end or (is_sequential and index != first and is_hungry(w)):
            push_frame(w, frame)
        else:
            run(w, frame, is_sequential)
        index += lanes


@inline
def end_round(w: Ptr[Worker]) -> u64:
    """This lane has nothing left to do in a round; how many had none before. The counters of a later one begin anew."""
    block = w.block
    if w.index == 0:
        atomic_store(addr(block.ready[(w.round + 2) % ROUNDS]), 0, RELAXED, BLOCK)
        atomic_store(addr(block.idle[(w.round + 2) % ROUNDS]), 0, RELAXED, BLOCK)
        atomic_store(addr(block.is_long[(w.round + 2) % ROUNDS]), 0, RELAXED, BLOCK)
    w.round += 1
    return u64(atomic_add(addr(block.idle[(w.round - 1) % ROUNDS]), 1, RELAXED, BLOCK))


@noinline
def run(w: Ptr[Worker], frame: u64, is_sequential: bool) -> None:
    """Runs a frame, to its end or step by step, and then what it calls and what waits for it step by step, until
    several calls can be done at the same time or nothing is left to do here. Many steps in a row are a sequential
    run, which is for a wave of the device if one block runs alone."""
    steps: u64 = 0 if not is_sequential else MOST_STEPS
    while frame != 0:
        if steps == MOST_STEPS:
            if w.mode == ALONE:
                pass_on(w, frame)
                return
            frame = run_to_end(w, frame)
            steps = 0
        else:
            frame = step(w, frame)
            steps += 1


@noinline
def pass_on(w: Ptr[Worker], frame: u64) -> None:
    """A long run has begun: the rounds of the block that is alone end, and all that is ready is spread over the device.
    """
    push_to_device(w, frame)
    atomic_store(addr(w.shared.is_long[(w.wave + 1) % ROUNDS]), 1, RELAXED)
    atomic_store(addr(w.block.is_long[(w.round + 1) % ROUNDS]), 1, RELAXED, BLOCK)


@noinline
def run_to_end(w: Ptr[Worker], frame: u64) -> u64:
    """Runs a frame to its end; gives the frame that goes on, or 0. Or makes frames of what is left to do."""
    ended = sequence(w, frame)
    if ended == ONE:
        return give_one(w, frame, w.results[0])
    if ended == TWO:
        return give_two(w, frame, w.results[0], w.results[1])
    return ended
