"""What a lane does with its tasks: takes the newest ones one after the other, until it should look around."""

from bend.runtime.kernel.entries import call_entry
from bend.runtime.kernel.expand import expand
from bend.runtime.kernel.gpu_net.bag import BOOT, has_tasks, make_room
from bend.runtime.kernel.gpu_net.memory import grow_scratch, reserve
from bend.runtime.kernel.gpu_net.state import Worker
from bend.runtime.kernel.lang import BLOCK, RELAXED, Ptr, addr, atomic_load, extern, inline, noinline, u64
from bend.runtime.kernel.ports import CON, REF, tag, value
from bend.runtime.kernel.rules import interact
from bend.runtime.kernel.tasks import COUNT_SHIFT, KIND_MASK, REDEX

ROUNDS = 3
# How often a lane looks around.
POLL_MASK = 3


@extern
def task_cells() -> u64:
    """How many cells a task allocates at most, but for definitions that are not compiled; at least those of a
    commutation. The compiled program provides this."""


@extern
def task_words() -> u64:
    """How many words a task pushes at most, but for definitions that are not compiled; at least those of a
    commutation. The compiled program provides this."""


@noinline
def run_tasks(w: Ptr[Worker]) -> None:
    """Runs tasks until there are none left, or others have none, or it has run enough of them, or there is no memory
    for the next one."""
    w.is_starved = 0
    count: u64 = 0
    while has_tasks(w) and not (count & POLL_MASK == 0 and should_pause(w, count)):
        header = w.bag[w.top - 1]
        kind = header & KIND_MASK
        start = w.top - 2 - (header >> COUNT_SHIFT)
        if not prepare(w, kind, addr(w.bag[start + 1])):
            w.is_starved = 1
            break
        # Making room may have moved the task.
        start = w.top - 2 - (header >> COUNT_SHIFT)
        task = addr(w.bag[start + 1])
        w.top = start
        if kind == REDEX:
            interact(w, task[0], task[1])
        elif kind == BOOT:
            w.calls += 1
            expand(w, task[0], task[1])
        else:
            call_entry(w, kind, task, 0)
        count += 1
    w.ran += count


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
    return reserve(w, task_cells()) and make_room(w, task_words())


@noinline
def prepare_expansion(w: Ptr[Worker], definition: u64) -> bool:
    """The same for a task that may expand a definition from the book's tables."""
    code = addr(w.book[w.book[definition]])
    names = code[0] + code[1]
    words = (code[2] + 1) * 4
    if names > w.scratch_words and not grow_scratch(w, names):
        return False
    if not reserve(w, names if names > task_cells() else task_cells()):
        return False
    return make_room(w, words if words > task_words() else task_words())
