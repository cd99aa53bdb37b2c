"""Tasks go from lanes that have several to those that have none.

Each lane without tasks has a number among those of its block (or of the device), and so have the tasks that others
offer. They are dealt like cards: the task of a number goes to the lane of that number modulo their count, until each
has as many as it may take; offers beyond that stay where they are.
"""

from bend.runtime.kernel.gpu_net.bag import push_task, take_oldest
from bend.runtime.kernel.gpu_net.state import Worker
from bend.runtime.kernel.lang import Ptr, addr, inline, noinline, u64

SLOT_WORDS = 10
# The number of a lane that has tasks.
NO_RANK = 0xFFFFFFFF
# How many tasks a lane looks at, of which it offers half; how many one takes.
MOST_SEEN = 32
MOST_TAKEN = 8


@noinline
def count_offers(w: Ptr[Worker]) -> u64:
    """How many of its oldest tasks a lane can offer: half of the first few; all of them if it cannot run them."""
    count: u64 = w.tasks if w.tasks < MOST_SEEN else MOST_SEEN
    return count >> (1 - w.is_starved)


@inline
def slot_at(slots: Ptr[u64], number: u64) -> Ptr[u64]:
    """A slot of a number."""
    return addr(slots[number * SLOT_WORDS])


@noinline
def write_offers(w: Ptr[Worker], slots: Ptr[u64], first: u64, idle: u64) -> None:
    """Moves what a lane offers, from a number on, to slots, as far as so many idle lanes want it."""
    number = first
    while number < first + w.offers and number < idle * MOST_TAKEN:
        take_oldest(w, slot_at(slots, number))
        number += 1
    w.offers = 0


@noinline
def take_offers(w: Ptr[Worker], slots: Ptr[u64], rank: u64, idle: u64, offered: u64) -> None:
    """Takes the tasks of the idle lane of that rank, of so many."""
    end = offered if offered < idle * MOST_TAKEN else idle * MOST_TAKEN
    number = rank
    while number < end:
        push_task(w, slot_at(slots, number))
        number += idle


@inline
def next_patience(w: Ptr[Worker], idle: u64, offered: u64) -> u64:
    """How many tasks to run before the next look: more and more while lanes have nothing to do but there is nothing to
    give."""
    if idle == 0 or offered != 0:
        return w.net.least
    return w.least * 2 if w.least < w.net.most else w.least
