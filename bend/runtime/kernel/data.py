"""Data as the host reads and makes it while nothing runs: constructors, lists of numbers, actions (spec 07, 2 and 3).

Arm number a of s siblings with fields f1, f2, … is the function `λx1 … λxs (xa f1 f2 …)`. In the num-scott encoding a
constructor has no siblings, and its first field is its tag. Both encodings are read, and what is made for an action has
that of the action. A place is the heap index where a port is written. The host acts as the first worker.
"""

from bend.runtime.kernel.expand import constant_of, expand
from bend.runtime.kernel.lang import Ptr, Worker, addr, export, inline, noinline, u64
from bend.runtime.kernel.numbers import TYPE_BITS, U24, number
from bend.runtime.kernel.ports import CON, ERA, ERASER, NUM, REF, is_variable, make_port, tag, value
from bend.runtime.kernel.rest import run_alone
from bend.runtime.kernel.rules import make_node
from bend.runtime.kernel.storage import alloc_variable, free_node, free_variable, link
from bend.runtime.kernel.wires import resolve

MISMATCH = 0xFFFFFFFF
MAX_FIELDS = 16
NO_CELL = 0
NIL = 1
CONS = 2
CALL = 1
CALL_FIELDS = 4
NO_ACTION = 0
ASKS_NOTHING = 1
ASKS = 2
END = 0
FULL = 1
STOPPED = 2
WRONG = 3


# ---- reading ----


@noinline
def follow(w: Ptr[Worker], place: u64) -> u64:
    """The place where what stands at a place is written: full slots are followed, and stay as they are."""
    at = place
    port = w.heap[at]
    while is_variable(port) and w.heap[value(port)] != 0:
        at = value(port)
        port = w.heap[at]
    return at


@export
@noinline
def force(w: Ptr[Worker], place: u64) -> bool:
    """Puts the value of a reference in its place; False if the run stopped, and then it is to be called again.

    The expansion counts as an interaction, as that of the entry does.
    """
    while True:
        at = follow(w, place)
        port = w.heap[at]
        if tag(port) != REF:
            return True
        variable = alloc_variable(w)
        w.heap[at] = variable
        w.calls += 1
        expand(w, value(port), variable)
        # Most values are there at once.
        if w.top != w.bottom and not run_alone(w):
            return False


@noinline
def read_constructor(w: Ptr[Worker], place: u64, out: Ptr[u64]) -> u64:
    """The number of fields of the constructor at a place, or MISMATCH.

    Writes the number of siblings, the number of the arm, and the places of the fields.
    """
    siblings: u64 = 0
    spine: u64 = 0
    at = follow(w, place)
    while tag(w.heap[at]) == CON:
        index = value(w.heap[at])
        first = follow(w, index)
        if tag(w.heap[first]) != ERA:
            if spine != 0:
                return MISMATCH
            spine = first
            out[1] = siblings
        siblings += 1
        at = follow(w, index + 1)
    result = w.heap[at]
    if spine == 0 or not is_variable(result):
        return MISMATCH
    out[0] = siblings
    count: u64 = 0
    at = spine
    while tag(w.heap[at]) == CON and count < MAX_FIELDS:
        out[2 + count] = value(w.heap[at])
        count += 1
        at = follow(w, value(w.heap[at]) + 1)
    last = w.heap[at]
    if not is_variable(last) or value(last) != value(result):
        return MISMATCH
    return count


@inline
def number_at(w: Ptr[Worker], place: u64) -> u64:
    """The number at a place, or the one that a reference there stands for, as a port; another port if it is neither."""
    port = w.heap[follow(w, place)]
    if tag(port) == REF:
        found = constant_of(w, port)
        if found != 0:
            return found
    return port


@noinline
def cell_kind(w: Ptr[Worker], place: u64, out: Ptr[u64]) -> u64:
    """Which cell of a list stands at a place; after it, `out` holds what `read_constructor` gives, with the places of
    head and tail after the tag if there is one."""
    count = read_constructor(w, place, out)
    arm = out[1]
    if count == MISMATCH or out[0] > 2:
        return NO_CELL
    if out[0] == 1:
        if count == 0:
            return NO_CELL
        found = number_at(w, out[2])
        if tag(found) != NUM:
            return NO_CELL
        arm = value(found) >> TYPE_BITS
        count -= 1
    if arm == 0 and count == 0:
        return NIL
    if arm == 1 and count == 2:
        return CONS
    return NO_CELL


@export
@noinline
def read_action(w: Ptr[Worker], place: u64, magic: Ptr[u64], out: Ptr[u64]) -> u64:
    """Whether the constructor at a place is an action: NO_ACTION, ASKS_NOTHING, or ASKS.

    Writes the number of siblings, and the places of the name and the argument. `magic` holds how many references stand
    for the magic pair, its numbers, and these references.
    """
    cell = addr(w.scratch[0])
    count = read_constructor(w, place, cell)
    siblings = cell[0]
    if count == MISMATCH or siblings > 2 or count + siblings < 3:
        return NO_ACTION
    arm = cell[1]
    # With the tag as a field, the others come one later.
    first = 4 - siblings
    if siblings == 1:
        found = number_at(w, cell[2])
        arm = value(found) >> TYPE_BITS if tag(found) == NUM else CALL + 1
        count -= 1
    if not is_magic(w, w.heap[follow(w, cell[first])], magic):
        return NO_ACTION
    if arm != CALL or count != CALL_FIELDS:
        return ASKS_NOTHING
    out[0] = siblings
    out[1] = cell[first + 1]
    out[2] = cell[first + 2]
    return ASKS


@inline
def is_magic(w: Ptr[Worker], port: u64, magic: Ptr[u64]) -> bool:
    """Whether a port is the pair by which actions are known, or a reference that stands for it."""
    if tag(port) == CON:
        index = value(port)
        return w.heap[follow(w, index)] == magic[1] and w.heap[follow(w, index + 1)] == magic[2]
    found = False
    i: u64 = 0
    while i < magic[0]:
        found = found or port == magic[3 + i]
        i += 1
    return found


@export
@noinline
def take_numbers(w: Ptr[Worker], place: u64, out: Ptr[u64], capacity: u64) -> u64:
    """Takes the payloads of the numbers of the list at a place: how many there are, at most `capacity`.

    The cells are freed as they are read, which counts no interactions, and the place holds what is left. Writes why
    it ends, and then the payloads. It ends at the end of the list, where `out` is full, where a reference must be
    evaluated and that stops, or at what is no list of numbers.
    """
    count: u64 = 0
    cell = addr(w.scratch[0])
    while True:
        if not force(w, place):
            out[0] = STOPPED
            return count
        kind = cell_kind(w, place, cell)
        if kind != CONS:
            out[0] = END if kind == NIL else WRONG
            return count
        if count == capacity:
            out[0] = FULL
            return count
        # The fields are the last two; the others are the siblings, the arm and perhaps the tag.
        head = cell[4 - cell[0]]
        rest = cell[5 - cell[0]]
        found = number_at(w, head)
        if tag(found) != NUM:
            if not force(w, head):
                out[0] = STOPPED
                return count
            found = number_at(w, head)
            if tag(found) != NUM:
                out[0] = WRONG
                return count
        out[1 + count] = value(found) >> TYPE_BITS
        count += 1
        w.heap[rest] = resolve(w, w.heap[rest])
        free_cell(w, place, w.heap[rest])


@inline
def free_cell(w: Ptr[Worker], place: u64, rest: u64) -> None:
    """Frees the cell at a place, with all full slots in it, and puts the rest of the list there."""
    port = resolve(w, w.heap[place])
    w.heap[place] = rest
    while tag(port) == CON:
        index = value(port)
        spine = resolve(w, w.heap[index])
        while tag(spine) == CON:
            node = value(spine)
            resolve(w, w.heap[node])
            spine = resolve(w, w.heap[node + 1])
            free_node(w, node)
        port = resolve(w, w.heap[index + 1])
        free_node(w, index)
    # What remains are both ends of the variable of the result.
    free_variable(w, port)


# ---- making ----


@export
@noinline
def make_constructor(w: Ptr[Worker], siblings: u64, arm: u64, fields: Ptr[u64], count: u64) -> u64:
    """A constructor, as a port."""
    result = alloc_variable(w)
    body = result
    i = count
    while i != 0:
        i -= 1
        body = make_node(w, CON, fields[i], body)
    port = result
    i = siblings
    while i != 0:
        i -= 1
        first: u64 = ERASER
        if i == arm:
            first = body
        port = make_node(w, CON, first, port)
    return port


@export
def make_pair(w: Ptr[Worker], first: u64, second: u64) -> u64:
    """A tuple of two, as a port."""
    return make_node(w, CON, first, second)


@export
@noinline
def make_list(w: Ptr[Worker], siblings: u64, tags: Ptr[u64], payloads: Ptr[u64], count: u64) -> u64:
    """A list of u24 numbers, as a port. `tags` are those of Nil and Cons, used where constructors have no siblings."""
    skipped = siblings - 1
    w.scratch[0] = tags[0]
    end = make_constructor(w, siblings, 0, addr(w.scratch[skipped]), 1 - skipped)
    return prepend(w, siblings, tags[1], payloads, count, end)


@export
@noinline
def prepend(w: Ptr[Worker], siblings: u64, cons: u64, payloads: Ptr[u64], count: u64, rest: u64) -> u64:
    """A list of u24 numbers and of what comes after them, as a port. `cons` is the tag of Cons."""
    fields = w.scratch
    skipped = siblings - 1
    port = rest
    fields[0] = cons
    i = count
    while i != 0:
        i -= 1
        fields[1] = make_port(NUM, number(payloads[i], U24))
        fields[2] = port
        port = make_constructor(w, siblings, skipped, addr(fields[skipped]), 3 - skipped)
    return port


@export
def go_on(w: Ptr[Worker], root: u64, siblings: u64, outcome: u64) -> bool:
    """Applies the continuation of the action at the root to the outcome, and runs; False if that stopped.

    This is a match on the action, `match action { IO/Call magic name argument cont: (cont outcome) }`, so what it is
    made of is erased by the rules, which count.
    """
    action = w.heap[root]
    w.heap[root] = 0
    result = alloc_variable(w)
    arm = make_node(w, CON, make_node(w, CON, outcome, result), result)
    skipped: u64 = 5 - siblings
    while skipped != 0:
        skipped -= 1
        arm = make_node(w, CON, ERASER, arm)
    target = make_node(w, CON, arm, root << 24)
    if siblings == 2:
        target = make_node(w, CON, ERASER, target)
    link(w, action, target)
    return run_alone(w)
