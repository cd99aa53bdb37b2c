"""What a lane does with its tasks: takes the newest ones one after the other, until it should look around."""

from bend.runtime.kernel.entries import call_entry
from bend.runtime.kernel.expand import expand
from bend.runtime.kernel.gpu.warp import lanes_with, pass_on
from bend.runtime.kernel.gpu_net.bag import (
    FIRST_WORD,
    HEADER,
    free_place,
    has_several,
    make_room,
    newest_of,
    take_newest,
)
from bend.runtime.kernel.gpu_net.classes import CALL, ENTRIES, NO_CLASS, common_class
from bend.runtime.kernel.gpu_net.link import join_all
from bend.runtime.kernel.gpu_net.memory import grow_scratch, reserve
from bend.runtime.kernel.gpu_net.state import Worker
from bend.runtime.kernel.lang import BLOCK, RELAXED, Ptr, addr, atomic_add, atomic_load, extern, inline, noinline, u64
from bend.runtime.kernel.ports import REF, tag, value
from bend.runtime.kernel.rules import interact
from bend.runtime.kernel.tasks import KIND_MASK, REDEX

ROUNDS = 3
# How often a lane looks around.
POLL_MASK = 3


@extern
def task_cells() -> u64:
    """How many cells a task allocates at most, but for definitions that are not compiled; at least those of a
    commutation. The compiled program provides this."""


@extern
def task_pushes() -> u64:
    """How many tasks a task pushes at most, but for definitions that are not compiled; at least those of a
    commutation. The compiled program provides this."""


@noinline
def run_tasks(w: Ptr[Worker]) -> None:
    """Runs tasks until no lane of the warp has one left, or others have none, or it has run enough of them, or there is
    no memory for the next one. Lanes of a warp stay together. Who has no tasks then gets a number."""
    w.is_starved = 0
    steps: u64 = 0
    while not (steps & POLL_MASK == 0 and lanes_with(should_pause(w, steps)) != 0) and run_step(w):
        steps += 1
    if w.tasks == 0:
        w.rank = atomic_add(addr(w.team.idle[w.round % ROUNDS]), 1, RELAXED, BLOCK)


@inline
def run_step(w: Ptr[Worker]) -> bool:
    """Lanes of the warp run a task each of the most common class, as far as they have one or get one from others. False
    if nobody has any."""
    number = common_class(runnable(w))
    if number == NO_CLASS:
        return False
    run_class(w, number)
    return True


@inline
def runnable(w: Ptr[Worker]) -> u64:
    """The classes that a lane has tasks of, unless it lacks memory."""
    return 0 if w.is_starved != 0 else w.classes


@inline
def run_class(w: Ptr[Worker], number: u64) -> None:
    """Runs a task of a class, of the lane itself or of another one of the warp that has several."""
    if w.lent != 0:
        free_place(w, w.lent)
        w.lent = 0
    if not is_ready(w):
        w.is_starved = 1
    is_mine = (runnable(w) >> number) & 1 != 0
    place: u64 = 0
    if is_mine and has_several(w, number):
        place = newest_of(w, number)
    takes = not is_mine and number != CALL and w.is_starved == 0
    passed = pass_on(place != 0, takes, place)
    if is_mine:
        if passed != place:
            w.lent = take_newest(w, number)
        place = newest_of(w, number)
        if number == CALL and not is_ready_to_expand(w, addr(w.bag[place])):
            w.is_starved = 1
            return
        free_place(w, take_newest(w, number))
    else:
        place = passed
    if place != 0:
        w.ran += 1
        run_task(w, addr(w.bag[place]), number)
        join_all(w)


@inline
def is_ready(w: Ptr[Worker]) -> bool:
    """Whether there is memory and room for all that a task may do which expands nothing."""
    return reserve(w, task_cells()) and make_room(w, task_pushes())


@inline
def is_ready_to_expand(w: Ptr[Worker], task: Ptr[u64]) -> bool:
    """The same for a task that may expand a definition from the book's tables."""
    definition = task[FIRST_WORD]
    if task[HEADER] & KIND_MASK == REDEX:
        reference = definition if tag(definition) == REF else task[FIRST_WORD + 1]
        definition = value(reference)
    code = addr(w.book[w.book[definition]])
    names = code[0] + code[1]
    if names > w.scratch_words and not grow_scratch(w, names):
        return False
    return reserve(w, names + task_cells()) and make_room(w, code[2] + 1 + task_pushes())


@inline
def run_task(w: Ptr[Worker], task: Ptr[u64], number: u64) -> None:
    """Runs a task of a class, given where it lies."""
    kind = task[HEADER] & KIND_MASK
    if number >= ENTRIES:
        call_entry(w, kind, addr(task[FIRST_WORD]), 0)
    elif kind == REDEX:
        interact(w, task[FIRST_WORD], task[FIRST_WORD + 1])
    else:
        w.calls += 1
        expand(w, task[FIRST_WORD], task[FIRST_WORD + 1])


@noinline
def should_pause(w: Ptr[Worker], count: u64) -> bool:
    """Whether to look after others after so many tasks: half of the blocks have come to the end of their turns, or a
    quarter of the lanes of this one has nothing to do."""
    net = w.net
    if count >= net.most:
        return True
    if count < w.least:
        return False
    # Both are on their way at the same time.
    idle = atomic_load(addr(w.team.idle[w.round % ROUNDS]), RELAXED, BLOCK)
    is_ending = is_turn_ending(w)
    return idle * 4 >= u64(net.launch.threads) or is_ending


@inline
def is_turn_ending(w: Ptr[Worker]) -> bool:
    """Whether half of the blocks wait for the others."""
    return atomic_load(addr(w.net.came[w.turn % ROUNDS]), RELAXED) * 2 >= u64(w.net.launch.blocks)
