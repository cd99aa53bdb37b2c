"""What a sequential run has begun becomes frames: because its stack is full, or because other lanes have nothing to
do."""

from bend.runtime.kernel.direct.cells import WORD
from bend.runtime.kernel.lang import BLOCK, RELAXED, Ptr, addr, atomic_load, extern, inline, noinline, u64
from bend.runtime.kernel.waves.frames import (
    ALONE_BIT,
    FIRST,
    HEADER,
    MISSING_SHIFT,
    RETURN,
    ROUNDS,
    SLOT_SHIFT,
    free_frame,
    new_frame,
    push_frame,
)
from bend.runtime.kernel.waves.state import Worker
from bend.runtime.kernel.waves.stop import check_loop

# What is known of an entry of the stack by its state: how many words are in front of its state, how many of these its
# frame begins with, which word the result goes to that it waits for, the number of the frame's state, how many calls
# are still to be begun, and where these are described.
SIZE = 0
KEPT = 1
SLOT = 2
CODE = 3
CALLS = 4
FIRST_CALL = 5
# What is known of a call that is still to be begun: its state, where in the entry its arguments are, how many words
# they are, and which word its result goes to.
CALLED = 0
AT = 1
WORDS = 2
INTO = 3


@extern
def entry_fact(state: u64, fact: u64) -> u64:
    """Something known of entries of the stack; the compiled program provides this."""


@extern
def call_fact(call: u64, fact: u64) -> u64:
    """Something known of a call that is still to be begun; the compiled program provides this."""


@inline
def is_device_hungry(w: Ptr[Worker]) -> bool:
    """Whether half of the blocks have nothing left to do in this wave."""
    return atomic_load(addr(w.shared.idle[w.wave % ROUNDS]), RELAXED) * 2 > w.shared.blocks


@inline
def is_hungry(w: Ptr[Worker]) -> bool:
    """Whether half of the blocks, or of the lanes of this one, have nothing left to do."""
    if is_device_hungry(w):
        return True
    return u64(atomic_load(addr(w.block.idle[w.round % ROUNDS]), RELAXED, BLOCK)) * 2 > w.shared.threads


@noinline
def is_spilling(w: Ptr[Worker], is_full: bool, waiting: u64) -> bool:
    """Whether a sequential run should end here: its stack is full, or others could do some of the calls that wait
    there."""
    check_loop(w)
    return is_full or (waiting != 0 and is_hungry(w))


@noinline
def spill(w: Ptr[Worker], frame: u64, task: u64, bottom: u64, top: u64) -> u64:
    """Makes frames of all that is on the stack of a sequential run of a frame, which gives its place up. A task, which
    was to be next, and all calls that were not begun are ready. Where only the stack was full, this lane goes on with
    the task, which is given; otherwise 0."""
    child = task
    goes_on = not is_hungry(w)
    if not goes_on:
        push_frame(w, task)
    while top > bottom + WORD:
        state = Ptr[u64](top - WORD)[0]
        base = top - WORD * (entry_fact(state, SIZE) + 1)
        waits = new_frame(w)
        copy_words(base, waits, entry_fact(state, KEPT))
        missing = entry_fact(state, CALLS) + 1
        Ptr[u64](waits)[HEADER] = entry_fact(state, CODE) | missing << MISSING_SHIFT
        begin_calls(w, state, base, waits)
        target = waits | entry_fact(state, SLOT) << SLOT_SHIFT
        Ptr[u64](child)[RETURN] = target | ALONE_BIT if missing == 1 else target
        child = waits
        top = base
    Ptr[u64](child)[RETURN] = Ptr[u64](frame)[RETURN]
    free_frame(w, frame)
    return task if goes_on else 0


@noinline
def begin_calls(w: Ptr[Worker], state: u64, base: u64, waits: u64) -> None:
    """Makes ready what an entry of the stack has not begun; the results go to the frame that the entry becomes."""
    first = entry_fact(state, FIRST_CALL)
    for index in range(entry_fact(state, CALLS)):
        call = first + index
        made = new_frame(w)
        Ptr[u64](made)[HEADER] = call_fact(call, CALLED)
        Ptr[u64](made)[RETURN] = waits | call_fact(call, INTO) << SLOT_SHIFT
        copy_words(base + WORD * call_fact(call, AT), made, call_fact(call, WORDS))
        push_frame(w, made)


@inline
def copy_words(source: u64, frame: u64, count: u64) -> None:
    """Copies the words of a frame."""
    for index in range(count):
        Ptr[u64](frame)[FIRST + index] = Ptr[u64](source)[index]
