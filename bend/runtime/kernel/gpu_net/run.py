"""What a lane does with its tasks: takes the newest ones one after the other, until it should look around."""

from bend.runtime.kernel.entries import call_entry
from bend.runtime.kernel.expand import expand
from bend.runtime.kernel.gpu.warp import lanes_with, pass_on
from bend.runtime.kernel.gpu_net.bag import FIRST_WORD, HEADER, free_place, has_several, make_room, take_newest
from bend.runtime.kernel.gpu_net.classes import BOOT, CALL, NO_CLASS, common_class
from bend.runtime.kernel.gpu_net.link import join_all
from bend.runtime.kernel.gpu_net.memory import fill_hand, grow_scratch, reserve
from bend.runtime.kernel.gpu_net.state import Worker
from bend.runtime.kernel.lang import BLOCK, RELAXED, Ptr, addr, atomic_add, atomic_load, extern, inline, noinline, u64
from bend.runtime.kernel.ports import CON, REF, tag, value
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


@noinline
def run_step(w: Ptr[Worker]) -> bool:
    """Lanes of the warp run tasks of the most common class, then of others as long as many lanes have some. Each runs one
    task at most. False if nobody has any."""
    number = common_class(runnable(w), 1)
    if number == NO_CLASS:
        return False
    waits = True
    while number != NO_CLASS:
        if run_class(w, number, waits):
            waits = False
        number = common_class(runnable(w) if waits else 0, w.net.crowd)
    return True


@inline
def runnable(w: Ptr[Worker]) -> u64:
    """The classes that a lane has tasks of, unless it lacks memory."""
    return 0 if w.is_starved != 0 else w.classes


@inline
def run_class(w: Ptr[Worker], number: u64, waits: bool) -> bool:
    """Runs a task of a class, if the lane waits and has one or gets one from another lane of the warp; whether it has."""
    if w.lent != 0:
        free_place(w, w.lent)
        w.lent = 0
    is_mine = waits and (runnable(w) >> number) & 1 != 0
    place: u64 = 0
    if is_mine and has_several(w, number):
        place = w.newest[number]
    takes = waits and not is_mine and number != CALL and is_ready(w)
    passed = pass_on(place != 0, takes, place)
    if is_mine:
        if passed != place:
            w.lent = take_newest(w, number)
        place = w.newest[number]
    else:
        place = passed
    if place == 0:
        return False
    run_task(w, place, number, is_mine)
    return True


@inline
def is_ready(w: Ptr[Worker]) -> bool:
    """Whether a lane can run a task of another one, which expands nothing."""
    return w.is_starved == 0 and reserve(w, task_cells()) and make_room(w, task_pushes())


@inline
def run_task(w: Ptr[Worker], place: u64, number: u64, is_mine: bool) -> None:
    """Runs the task at a place, one of another lane or the newest one of a class, if there is memory for that."""
    task = addr(w.bag[place + FIRST_WORD])
    kind = w.bag[place + HEADER] & KIND_MASK
    if is_mine:
        if not prepare(w, kind, task):
            w.is_starved = 1
            return
        free_place(w, take_newest(w, number))
    w.ran += 1
    w.clock += 1
    fill_hand(w)
    if kind == REDEX:
        interact(w, task[0], task[1])
    elif kind == BOOT:
        w.calls += 1
        expand(w, task[0], task[1])
    else:
        call_entry(w, kind, task, 0)
    join_all(w)


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


@inline
def prepare(w: Ptr[Worker], kind: u64, task: Ptr[u64]) -> bool:
    """Makes sure that there is memory and room for all that a task may do; False if there is not."""
    if kind == REDEX:
        left = task[0]
        right = task[1]
        if tag(left) == REF and tag(right) >= CON:
            return prepare_expansion(w, value(left))
        if tag(right) == REF and tag(left) >= CON:
            return prepare_expansion(w, value(right))
    elif kind == BOOT:
        return prepare_expansion(w, task[0])
    return reserve(w, task_cells()) and make_room(w, task_pushes())


@noinline
def prepare_expansion(w: Ptr[Worker], definition: u64) -> bool:
    """The same for a task that may expand a definition from the book's tables."""
    code = addr(w.book[w.book[definition]])
    names = code[0] + code[1]
    pushes = code[2] + 1
    if names > w.scratch_words and not grow_scratch(w, names):
        return False
    if not reserve(w, names if names > task_cells() else task_cells()):
        return False
    return make_room(w, pushes if pushes > task_pushes() else task_pushes())
