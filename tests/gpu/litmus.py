"""Litmus tests of memory: what one thread sees of another one's work, in pairs of threads of different blocks.

Message passing: one stores data and then a flag, the other one sees the flag and looks at the data.
Store buffering: each stores its word and then looks at the other's; one at least must see the other's.
With weak orders other outcomes are allowed; those forms show whether the test can see anything.
"""

from bend.runtime.kernel.gpu.grid import Launch, Place, asked_to_stop, give_way, my_block, my_thread
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    RELEASE,
    SEQ_CST,
    SYSTEM,
    Array,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_store,
    atomic_xchg,
    cast,
    export,
    fence,
    noinline,
    struct,
    u32,
    u64,
)

# What a run tries.
PASS_EXCHANGE = 0
PASS_ADD = 1
PASS_FENCES = 2
PASS_WEAK = 3
STORE_STRONG = 4
STORE_FENCES = 5
STORE_WEAK = 6
PATIENCE = 64


@struct
class Pair:
    """What two threads share, each word on a cache line of its own."""

    first: u32
    pad_1: Array[u32, 31]
    second: u32
    pad_2: Array[u32, 31]
    seen: Array[u32, 2]
    pad_3: Array[u32, 30]
    arrived: u32
    turn: u32
    pad_4: Array[u32, 30]


@struct
class Litmus:
    """A launch, what it tries and how often, and how often the outcome was one that strong orders forbid."""

    launch: Launch
    form: u32
    rounds: u32
    forbidden: u32
    pairs: Array[Pair, 128]


@struct
class LitmusRecord:
    """What a GPU needs for it."""

    place: Place
    litmus: Litmus


@export
def run_litmus(place: u64) -> None:
    """What each thread does. The `Launch` of its place is that of a `Litmus`; there is an even number of blocks."""
    p = Ptr[Place](place)
    litmus = cast(Ptr[Litmus], p.launch)
    if my_thread(p) != 0:
        return
    pair = addr(litmus.pairs[my_block(p) // 2])
    side = my_block(p) % 2
    for number in range(litmus.rounds):
        number_now = number + 1
        goes_on = True
        if litmus.form <= PASS_WEAK:
            if side == 0:
                send(pair, litmus.form, number_now)
            else:
                goes_on = receive(p, pair, litmus, number_now)
        else:
            store_and_look(pair, litmus.form, side, number_now)
        if not goes_on or not meet(p, pair):
            return
        if litmus.form > PASS_WEAK and side == 0 and pair.seen[0] != number_now and pair.seen[1] != number_now:
            atomic_add(addr(litmus.forbidden), 1, RELAXED)
        if not meet(p, pair):
            return
        if my_block(p) == 0:
            atomic_store(p.launch.progress, u64(number_now), RELAXED, SYSTEM)


@noinline
def send(pair: Ptr[Pair], form: u32, number: u32) -> None:
    pair.first = number
    match form:
        case 0:
            atomic_xchg(addr(pair.second), number, RELEASE)
        case 1:
            atomic_add(addr(pair.second), 1, ACQ_REL)
        case 2:
            fence(ACQ_REL)
            atomic_xchg(addr(pair.second), number, RELAXED)
        case _:
            atomic_xchg(addr(pair.second), number, RELAXED)


@noinline
def receive(p: Ptr[Place], pair: Ptr[Pair], litmus: Ptr[Litmus], number: u32) -> bool:
    """False if the launch shall end."""
    # What was there before is in this processor's cache now.
    before = pair.first
    tries: u32 = 0
    flag = look(pair, litmus.form)
    while flag != number:
        tries += 1
        if tries % PATIENCE == 0 and asked_to_stop(p):
            return False
        flag = look(pair, litmus.form)
    if litmus.form == PASS_FENCES:
        fence(ACQ_REL)
    if pair.first != number and before <= number:
        atomic_add(addr(litmus.forbidden), 1, RELAXED)
    return True


@noinline
def look(pair: Ptr[Pair], form: u32) -> u32:
    if form == PASS_EXCHANGE:
        return atomic_load(addr(pair.second), ACQUIRE)
    if form == PASS_ADD:
        return atomic_add(addr(pair.second), 0, ACQUIRE)
    return atomic_load(addr(pair.second), RELAXED)


@noinline
def store_and_look(pair: Ptr[Pair], form: u32, side: u32, number: u32) -> None:
    mine = addr(pair.first) if side == 0 else addr(pair.second)
    other = addr(pair.second) if side == 0 else addr(pair.first)
    match form:
        case 4:
            atomic_store(mine, number, SEQ_CST)
            pair.seen[side] = atomic_load(other, SEQ_CST)
        case 5:
            atomic_store(mine, number, RELAXED)
            fence(SEQ_CST)
            pair.seen[side] = atomic_load(other, RELAXED)
        case _:
            atomic_store(mine, number, RELEASE)
            pair.seen[side] = atomic_load(other, ACQUIRE)


@noinline
def meet(p: Ptr[Place], pair: Ptr[Pair]) -> bool:
    """Waits for the other thread of the pair; false if the launch shall end."""
    turn = atomic_load(addr(pair.turn), RELAXED)
    if atomic_add(addr(pair.arrived), 1, ACQ_REL) == 1:
        atomic_store(addr(pair.arrived), 0, RELAXED)
        atomic_store(addr(pair.turn), turn + 1, RELEASE)
        return True
    tries: u32 = 0
    while atomic_load(addr(pair.turn), ACQUIRE) == turn:
        tries += 1
        if tries % PATIENCE == 0 and asked_to_stop(p):
            return False
        give_way(p)
    return True
