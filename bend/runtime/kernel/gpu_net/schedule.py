"""Rounds and turns.

In a round all lanes of a block run tasks, then those that have several give some to those that have none. After some
rounds, or when too many lanes have nothing to do, the turn is over, and the same happens between all lanes of the
device. The run is over when no lane has a task at the end of a turn.

What a lane does between two barriers is one call of `advance`, which says which barrier comes next. A GPU and the
emulation on the CPU differ only in what they do in between. Counters that lanes add to in one round or turn are read
in the same one behind a barrier, and cleared one before the next that uses them, of three.
"""

from bend.runtime.kernel.gpu_net.exchange import (
    MOST_TAKEN,
    NO_RANK,
    SLOT_WORDS,
    count_offers,
    next_patience,
    take_offers,
    write_offers,
)
from bend.runtime.kernel.gpu_net.run import ROUNDS, is_turn_ending, run_tasks
from bend.runtime.kernel.gpu_net.start import save_lane, start_lane
from bend.runtime.kernel.gpu_net.state import STOP_MEMORY, Worker
from bend.runtime.kernel.gpu_net.stop import is_stopping, request_stop
from bend.runtime.kernel.lang import (
    BLOCK,
    RELAXED,
    SYSTEM,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_store,
    inline,
    noinline,
    u64,
)

# What comes after a call of `advance`.
OVER = 0
GRID = 1
TEAM = 2
# Where a lane goes on.
START = 0
ROUND = 1
OFFER = 2
TAKE = 3
GATHER = 4
JUDGE = 5
SUM = 6
WRITE = 7
GRAB = 8
LEAVE = 9
# Every so many turns the host is told how many tasks have been run.
NEWS = 16
# After so many turns in which nobody had memory for a task, there will be none.
HOPELESS = 3


@noinline
def advance(w: Ptr[Worker]) -> u64:
    """Does what comes before the next barrier; says which one."""
    phase = w.phase
    if phase == START:
        start_lane(w)
        w.phase = ROUND
        return TEAM
    if phase == ROUND:
        return run_round(w)
    if phase == OFFER:
        return offer_in_block(w)
    if phase == TAKE:
        return end_round(w)
    if phase == GATHER:
        return gather(w)
    if phase == JUDGE:
        return judge(w)
    if phase == SUM:
        return sum_up(w)
    if phase == WRITE:
        return write_for_device(w)
    if phase == GRAB:
        return grab(w)
    return leave(w)


# ---- rounds ----


@noinline
def run_round(w: Ptr[Worker]) -> u64:
    """Runs tasks; who has none left gets a number."""
    w.rank = NO_RANK
    run_tasks(w)
    w.phase = OFFER
    return TEAM


@noinline
def offer_in_block(w: Ptr[Worker]) -> u64:
    """Who has several tasks puts some into slots. The first lane decides whether the turn is over."""
    team = w.team
    net = w.net
    idle = atomic_load(addr(team.idle[w.round % ROUNDS]), RELAXED, BLOCK)
    if w.index == 0:
        later = (w.round + 1) % ROUNDS
        atomic_store(addr(team.idle[later]), 0, RELAXED, BLOCK)
        atomic_store(addr(team.offered[later]), 0, RELAXED, BLOCK)
        team.rounds += 1
        is_over = idle == u64(net.launch.threads) or team.rounds >= net.rounds or is_turn_ending(w)
        team.is_over = u64(is_over or is_stopping(net))
    if idle != 0 and w.rank == NO_RANK:
        w.offers = count_offers(w)
        if w.offers != 0:
            first = atomic_add(addr(team.offered[w.round % ROUNDS]), w.offers, RELAXED, BLOCK)
            write_offers(w, team_slots(w), first, idle)
    w.phase = TAKE
    return TEAM


@inline
def team_slots(w: Ptr[Worker]) -> Ptr[u64]:
    """The slots of a lane's block."""
    return addr(w.net.team_slots[(w.id - w.index) * (MOST_TAKEN * SLOT_WORDS)])


@noinline
def end_round(w: Ptr[Worker]) -> u64:
    """Who has no tasks takes one. Then comes the next round, or the end of the turn."""
    team = w.team
    idle = atomic_load(addr(team.idle[w.round % ROUNDS]), RELAXED, BLOCK)
    offered = atomic_load(addr(team.offered[w.round % ROUNDS]), RELAXED, BLOCK)
    if w.rank != NO_RANK:
        take_offers(w, team_slots(w), w.rank, idle, offered)
    w.least = next_patience(w, idle, offered)
    w.round += 1
    if team.is_over == 0:
        return run_round(w)
    w.rank = NO_RANK
    if w.tasks == 0:
        w.rank = atomic_add(addr(team.turn_idle), 1, RELAXED, BLOCK)
    atomic_add(addr(team.ran), w.ran, RELAXED, BLOCK)
    w.ran = 0
    w.phase = GATHER
    return TEAM


# ---- turns ----


@noinline
def gather(w: Ptr[Worker]) -> u64:
    """The first lane adds up for its block; that of the first block clears the counters of the next turn."""
    if w.index == 0:
        team = w.team
        net = w.net
        turn = w.turn % ROUNDS
        team.idle_base = atomic_add(addr(net.idle[turn]), team.turn_idle, RELAXED)
        atomic_add(addr(net.ran[turn]), team.ran, RELAXED)
        if is_stopping(net):
            atomic_store(addr(net.ending[turn]), 1, RELAXED)
        team.turn_idle = 0
        team.turn_offered = 0
        team.ran = 0
        team.rounds = 0
        if w.id == 0:
            clear_counters(w, (w.turn + 1) % ROUNDS)
        atomic_add(addr(net.came[turn]), 1, RELAXED)
    w.phase = JUDGE
    return GRID


@inline
def clear_counters(w: Ptr[Worker], turn: u64) -> None:
    """Makes the counters of the device ready for a turn."""
    net = w.net
    atomic_store(addr(net.idle[turn]), 0, RELAXED)
    atomic_store(addr(net.offered[turn]), 0, RELAXED)
    atomic_store(addr(net.ran[turn]), 0, RELAXED)
    atomic_store(addr(net.ending[turn]), 0, RELAXED)
    atomic_store(addr(net.came[turn]), 0, RELAXED)


@noinline
def judge(w: Ptr[Worker]) -> u64:
    """What all lanes see alike: whether the run is over, whether there is somebody to give tasks to."""
    net = w.net
    turn = w.turn % ROUNDS
    idle = atomic_load(addr(net.idle[turn]), RELAXED)
    ran = atomic_load(addr(net.ran[turn]), RELAXED)
    w.stuck = 0 if ran != 0 else w.stuck + 1
    if w.id == 0:
        net.turns += 1
        net.tasks += ran
        # The host is far away, and the next fence waits until it has the word.
        if net.turns % NEWS == 1:
            atomic_store(net.launch.progress, net.tasks, RELAXED, SYSTEM)
    is_over = idle == u64(net.launch.blocks) * u64(net.launch.threads) or w.stuck == HOPELESS
    if is_over or atomic_load(addr(net.ending[turn]), RELAXED) != 0:
        return finish(w)
    if idle == 0:
        w.least = net.least
        w.turn += 1
        return run_round(w)
    w.offers = 0
    if w.rank == NO_RANK:
        w.offers = count_offers(w)
        if w.offers != 0:
            w.first_offer = atomic_add(addr(w.team.turn_offered), w.offers, RELAXED, BLOCK)
    w.phase = SUM
    return TEAM


@noinline
def sum_up(w: Ptr[Worker]) -> u64:
    """The first lane finds out where the offers of its block begin."""
    if w.index == 0:
        w.team.offer_base = atomic_add(addr(w.net.offered[w.turn % ROUNDS]), w.team.turn_offered, RELAXED)
    w.phase = WRITE
    return TEAM


@noinline
def write_for_device(w: Ptr[Worker]) -> u64:
    """Who has several tasks puts some into slots."""
    idle = atomic_load(addr(w.net.idle[w.turn % ROUNDS]), RELAXED)
    write_offers(w, w.net.slots, w.team.offer_base + w.first_offer, idle)
    w.phase = GRAB
    return GRID


@noinline
def grab(w: Ptr[Worker]) -> u64:
    """Who has no tasks takes one, and the next turn begins."""
    net = w.net
    turn = w.turn % ROUNDS
    offered = atomic_load(addr(net.offered[turn]), RELAXED)
    idle = atomic_load(addr(net.idle[turn]), RELAXED)
    if w.rank != NO_RANK:
        take_offers(w, net.slots, w.team.idle_base + w.rank, idle, offered)
    w.least = next_patience(w, idle, offered)
    w.turn += 1
    return run_round(w)


# ---- the end ----


@noinline
def finish(w: Ptr[Worker]) -> u64:
    """Adds the interactions of this lane to those of its block."""
    if w.stuck == HOPELESS:
        request_stop(w.net, STOP_MEMORY, 0)
    totals = addr(w.team.totals[0])
    atomic_add(addr(totals[0]), w.calls, RELAXED, BLOCK)
    atomic_add(addr(totals[1]), w.voids, RELAXED, BLOCK)
    atomic_add(addr(totals[2]), w.erasures, RELAXED, BLOCK)
    atomic_add(addr(totals[3]), w.annihilations, RELAXED, BLOCK)
    atomic_add(addr(totals[4]), w.commutations, RELAXED, BLOCK)
    atomic_add(addr(totals[5]), w.operations, RELAXED, BLOCK)
    atomic_add(addr(totals[6]), w.switches, RELAXED, BLOCK)
    atomic_add(addr(totals[7]), w.mixed, RELAXED, BLOCK)
    w.phase = LEAVE
    return TEAM


@noinline
def leave(w: Ptr[Worker]) -> u64:
    """Adds the interactions of each block to those of the run. A lane leaves its state."""
    if w.index == 0:
        for rule in range(u64(8)):
            atomic_add(addr(w.net.totals[rule]), w.team.totals[rule], RELAXED)
    save_lane(w)
    return OVER
