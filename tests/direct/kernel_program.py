"""A program by hand for the kernel of the direct engine, in the language of kernel modules.

Definition `kind | size << 8` runs the function of that kind with that size.
"""

from bend.runtime.kernel.direct.cells import allocate, release
from bend.runtime.kernel.direct.constants import constant
from bend.runtime.kernel.direct.counts import (
    drop,
    drop_known_cell,
    is_unique,
    release_shared,
    retain,
    retain_shared,
)
from bend.runtime.kernel.direct.deque import LOW, can_fork, publish_task, push_task, take_back
from bend.runtime.kernel.direct.fork import join_task
from bend.runtime.kernel.direct.stack import check, check_loop
from bend.runtime.kernel.direct.state import STOP_SHAPE, Worker
from bend.runtime.kernel.direct.stop import stop_run
from bend.runtime.kernel.direct.system import syscall
from bend.runtime.kernel.lang import RELAXED, Ptr, addr, atomic_load, noinline, trap, u64
from bend.runtime.kernel.numbers import DIV, operate_u24

# A parameter of the compilation: one of how many calls gives way to other threads; 0 for none.
YIELDS = 0
SCHED_YIELD = 24

TREE = 2
GIVEN = 4
FIB = 5
SUM = 6
DEEP = 7
MEMORY = 8
STOPS = 10
BORROW = 11
CONS = 1 << 32
NODE = 2 << 32
NUMBER_SHIFT = 8
NUMBER_TAG = 9
DATA_SIZE = 1000


def boxed(value: u64) -> u64:
    return value << NUMBER_SHIFT | NUMBER_TAG


def cons(w: Ptr[Worker], head: u64, tail: u64) -> u64:
    """A cell with the head packed into its header."""
    cell = allocate(w, 2)
    words = Ptr[u64](cell)
    words[0] = head << 40 | CONS | 1
    words[1] = tail
    return cell


def node(w: Ptr[Worker], left: u64, right: u64) -> u64:
    cell = allocate(w, 3)
    words = Ptr[u64](cell)
    words[0] = NODE | 1
    words[1] = left
    words[2] = right
    return cell


def cell_words(header: u64) -> u64:
    shape = header >> 32 & 0xFF
    return header >> 40 if shape == 0 else shape


@noinline
def give_way(w: Ptr[Worker]) -> None:
    """Lets other threads run now and then."""
    seed = w.seed
    seed ^= seed << 13
    seed ^= seed >> 7
    seed ^= seed << 17
    w.seed = seed
    if (seed >> 20) % YIELDS == 0:
        syscall(SCHED_YIELD, 0, 0, 0, 0, 0, 0)


def count_up(w: Ptr[Worker], size: u64) -> u64:
    """The list of the numbers below size."""
    result = boxed(0)
    while size != 0:
        size -= 1
        result = cons(w, size & 0xFFFFFF, result)
    return result


def backwards(w: Ptr[Worker], size: u64) -> u64:
    """A list whose tails are the first fields."""
    result = boxed(0)
    for i in range(size):
        result = node(w, result, cons(w, i, boxed(i)))
    return result


def graph(w: Ptr[Worker], size: u64) -> u64:
    """Cells both of whose fields are the same cell."""
    result = node(w, boxed(1), boxed(2))
    for _ in range(size):
        retain(result)
        result = node(w, result, result)
    return result


@noinline
def tree(w: Ptr[Worker], depth: u64) -> u64:
    """A complete tree, its halves in parallel."""
    check(w, TREE)
    if YIELDS != 0:
        give_way(w)
    if depth == 0:
        return boxed(1)
    if can_fork(w):
        task = push_task(w)
        task[2] = depth - 1
        publish_task(w, TREE)
        right = tree(w, depth - 1)
        if take_back(w, task):
            return node(w, tree(w, depth - 1), right)
        join_task(w, task)
        return node(w, task[2], right)
    left = tree(w, depth - 1)
    return node(w, left, tree(w, depth - 1))


@noinline
def total(w: Ptr[Worker], value: u64) -> u64:
    """The sum of a tree, which is used up, its halves in parallel."""
    check(w, SUM)
    if YIELDS != 0:
        give_way(w)
    if value & 7 != 0:
        return value >> NUMBER_SHIFT
    words = Ptr[u64](value)
    left = words[1]
    right = words[2]
    if is_unique(value):
        release(w, value, 3)
    else:
        retain_shared(left)
        retain_shared(right)
        release_shared(w, value)
    if can_fork(w):
        task = push_task(w)
        task[2] = left
        publish_task(w, SUM)
        sum_right = total(w, right)
        if take_back(w, task):
            return total(w, left) + sum_right
        join_task(w, task)
        return task[2] + sum_right
    sum_left = total(w, left)
    return sum_left + total(w, right)


@noinline
def fib(w: Ptr[Worker], n: u64) -> u64:
    check(w, FIB)
    if n < 2:
        return n
    if can_fork(w):
        task = push_task(w)
        task[2] = n - 1
        publish_task(w, FIB)
        second = fib(w, n - 2)
        if take_back(w, task):
            return fib(w, n - 1) + second
        join_task(w, task)
        return task[2] + second
    return fib(w, n - 1) + fib(w, n - 2)


@noinline
def deep(w: Ptr[Worker], size: u64) -> u64:
    """Recursion that needs the stack: `size` calls, or for ever if that is 0."""
    check(w, DEEP)
    if size == 1:
        return 1
    return deep(w, size - 1) * 3 + size


@noinline
def stops(w: Ptr[Worker], depth: u64) -> u64:
    """A tree of calls, one of which ends the run while the others would go on for ever."""
    check(w, STOPS)
    if depth == 0:
        if w.shared.workers == 1 or w.id != 0:
            stop_run(w, STOP_SHAPE, 42)
            trap()
        while True:
            check_loop(w)
    if can_fork(w):
        task = push_task(w)
        task[2] = depth - 1
        publish_task(w, STOPS)
        second = stops(w, depth - 1)
        if not take_back(w, task):
            join_task(w, task)
        return second
    return stops(w, depth - 1) + stops(w, depth - 1)


@noinline
def borrow(w: Ptr[Worker], depth: u64) -> u64:
    """Reads a constant in many tasks at a time, and shares its parts."""
    check(w, BORROW)
    if depth == 0:
        at = constant(w, GIVEN | DATA_SIZE << 8)
        result: u64 = 0
        tail = at
        for _ in range(10):
            words = Ptr[u64](tail)
            result += words[0] >> 40
            tail = words[1]
        retain_shared(tail)
        kept = node(w, tail, at)
        retain_shared(at)
        drop_known_cell(w, kept)
        return result
    if can_fork(w):
        task = push_task(w)
        task[2] = depth - 1
        publish_task(w, BORROW)
        second = borrow(w, depth - 1)
        if take_back(w, task):
            return borrow(w, depth - 1) + second
        join_task(w, task)
        return task[2] + second
    return borrow(w, depth - 1) + borrow(w, depth - 1)


def wander(w: Ptr[Worker], rounds: u64) -> u64:
    """Trees that another worker makes each time, and this one drops."""
    for _ in range(rounds):
        task = push_task(w)
        task[2] = 8
        publish_task(w, TREE)
        while atomic_load(addr(w.stolen), RELAXED) & LOW == 0:
            check_loop(w)
        take_back(w, task)
        join_task(w, task)
        drop(w, task[2])
    return rounds


def small(w: Ptr[Worker], rounds: u64) -> u64:
    """Forks of next to nothing, one after the other."""
    result: u64 = 0
    for _ in range(rounds):
        result += fib(w, 5)
    return result


def large(w: Ptr[Worker], size: u64) -> u64:
    """Partial applications of many sizes, each of which holds the one before."""
    result = boxed(0)
    i: u64 = 1
    while i <= size:
        cell = allocate(w, i + 1)
        words = Ptr[u64](cell)
        words[0] = i << 40 | 1
        for at in range(1, i):
            words[at] = boxed(at)
        words[i] = result
        result = cell
        i += 1
    return result


def for_ever(w: Ptr[Worker], number_of_it: u64) -> u64:
    """Loops that only a stop ends."""
    result = boxed(0)
    while True:
        check_loop(w)
        if number_of_it == MEMORY:
            result = cons(w, 0, result)


def run_task(w: Ptr[Worker], code: u64, task: Ptr[u64]) -> None:
    argument = task[2]
    if code == TREE:
        task[2] = tree(w, argument)
    elif code == SUM:
        task[2] = total(w, argument)
    elif code == FIB:
        task[2] = fib(w, argument)
    elif code == STOPS:
        task[2] = stops(w, argument)
    else:
        task[2] = borrow(w, argument)


def run_entry(w: Ptr[Worker], number_of_it: u64) -> u64:
    size = number_of_it >> 8
    match number_of_it & 0xFF:
        case 0:
            drop(w, count_up(w, size))
        case 1:
            drop(w, backwards(w, size))
        case 2:
            drop(w, tree(w, size))
        case 3:
            drop(w, graph(w, size))
        case 4:
            return count_up(w, size)
        case 5:
            return boxed(fib(w, size))
        case 6:
            return boxed(total(w, tree(w, size)))
        case 7:
            return boxed(deep(w, size) & 0xFFFFFF)
        case 8 | 9:
            return for_ever(w, number_of_it & 0xFF)
        case 10:
            return boxed(stops(w, size))
        case 11:
            return boxed(borrow(w, size))
        case 12:
            drop(w, large(w, size))
        case 13:
            return operate_u24(w, DIV, size, 0, 1)
        case 14:
            return boxed(wander(w, size))
        case 15:
            return boxed(small(w, size))
        case _:
            return boxed(total(w, graph(w, size)))
    return boxed(0)


def apply_value(w: Ptr[Worker], function: u64, argument: u64) -> u64:
    """A pair of both."""
    return node(w, function, argument)
