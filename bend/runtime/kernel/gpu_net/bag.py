"""The bag of a lane: its tasks, kept apart by classes (`bend.runtime.kernel.gpu_net.classes`). There is one kind of
tasks besides those of `bend.runtime.kernel.tasks`:

    BOOT        a definition to expand, and the port to join it with

Each task lies in a place of its own, and those of a class are a list, newest first. Before each task a lane makes sure
of places for all that the task can push. More come from the heap, and stay with the lane. Places are indices of words,
counted from the first word of all bags; 0 is none.
"""

from bend.runtime.kernel.gpu_net.classes import BOOT, CLASSES, class_of_entry, class_of_pair
from bend.runtime.kernel.gpu_net.memory import take_words
from bend.runtime.kernel.gpu_net.state import Worker
from bend.runtime.kernel.lang import Ptr, addr, inline, noinline, u32, u64
from bend.runtime.kernel.ports import CON, REF
from bend.runtime.kernel.tasks import COUNT_SHIFT, KIND_MASK, REDEX

# In a place: the next older task of the class, or the next free place; the next newer one; header; words.
OLDER = 0
NEWER = 1
HEADER = 2
FIRST_WORD = 3
PLACE_WORDS = 12
# Places are kept in half a word, without their lowest bits.
PLACE_SHIFT = 2
# In a header, above the count of words: when the task was pushed, by the turn and what the lane had run in it by then.
AGE_SHIFT = 40
TURN_SHIFT = 8
PLAIN_HEADER = 0xFFFFFFFFFF
WORD = 8
# How many free places a lane has at hand, and how many come from the heap at a time.
PLACES_AT_HAND = 8
MANY_PLACES = 32


@inline
def newest_of(w: Ptr[Worker], number: u64) -> u64:
    """The place of the newest task of a class; 0 if there is none."""
    return u64(w.newest[number]) << PLACE_SHIFT


@inline
def oldest_of(w: Ptr[Worker], number: u64) -> u64:
    """The place of the oldest task of a class that has some."""
    return u64(w.oldest[number]) << PLACE_SHIFT


@inline
def claim_place(w: Ptr[Worker]) -> u64:
    """A free place."""
    w.room_count -= 1
    count = w.places_at_hand
    if count != 0:
        w.places_at_hand = count - 1
        return u64(w.places[count - 1]) << PLACE_SHIFT
    place = w.room
    w.room = w.bag[place + OLDER]
    return place


@noinline
def put_task(w: Ptr[Worker], header: u64, number: u64) -> u64:
    """Makes a task the newest one of its class; gives the place of its first word in the bag."""
    bag = w.bag
    place = claim_place(w)
    w.tasks += 1
    top = newest_of(w, number)
    bag[place + OLDER] = top
    bag[place + HEADER] = header | (((w.turn << TURN_SHIFT) + w.ran) << AGE_SHIFT)
    w.newest[number] = u32(place >> PLACE_SHIFT)
    if top == 0:
        w.oldest[number] = u32(place >> PLACE_SHIFT)
        w.classes = w.classes | (1 << number)
    else:
        bag[top + NEWER] = place
    return place + FIRST_WORD


@inline
def claim_task(w: Ptr[Worker], header: u64) -> u64:
    """Where in the bag the words of a call are to be written, which becomes the newest task of its class."""
    return put_task(w, header, class_of_entry(header & KIND_MASK))


@noinline
def push_redex(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Keeps an active pair."""
    place = put_task(w, (2 << COUNT_SHIFT) | REDEX, class_of_pair(a, b))
    w.bag[place] = a
    w.bag[place + 1] = b


@noinline
def push_task(w: Ptr[Worker], source: Ptr[u64]) -> None:
    """Keeps a task of a slot: its header and its words."""
    header = source[0]
    kind = header & KIND_MASK
    number = class_of_entry(kind)
    if kind == REDEX:
        number = class_of_pair(source[1], source[2])
    elif kind == BOOT:
        number = class_of_pair(REF, CON)
    place = put_task(w, header, number)
    for index in range(header >> COUNT_SHIFT):
        w.bag[place + index] = source[index + 1]


@inline
def take_newest(w: Ptr[Worker], number: u64) -> u64:
    """Takes the newest task of a class off the bag; gives its place, which is not free yet."""
    place = newest_of(w, number)
    older = w.bag[place + OLDER]
    w.newest[number] = u32(older >> PLACE_SHIFT)
    if older == 0:
        w.classes = w.classes ^ (1 << number)
    w.tasks -= 1
    return place


@inline
def has_several(w: Ptr[Worker], number: u64) -> bool:
    """Whether there is more than one task of a class."""
    return (w.classes >> number) & 1 != 0 and w.newest[number] != w.oldest[number]


@inline
def free_place(w: Ptr[Worker], place: u64) -> None:
    """Gives the place of a task back."""
    w.room_count += 1
    count = w.places_at_hand
    if count < PLACES_AT_HAND:
        w.places[count] = u32(place >> PLACE_SHIFT)
        w.places_at_hand = count + 1
        return
    w.bag[place + OLDER] = w.room
    w.room = place


@noinline
def take_oldest(w: Ptr[Worker], slot: Ptr[u64]) -> None:
    """Moves the oldest task of all to a slot."""
    bag = w.bag
    number = oldest_class(w)
    place = oldest_of(w, number)
    header = bag[place + HEADER] & PLAIN_HEADER
    slot[0] = header
    for index in range(header >> COUNT_SHIFT):
        slot[index + 1] = bag[place + FIRST_WORD + index]
    if place == newest_of(w, number):
        w.newest[number] = 0
        w.classes = w.classes ^ (1 << number)
    else:
        newer = bag[place + NEWER]
        bag[newer + OLDER] = 0
        w.oldest[number] = u32(newer >> PLACE_SHIFT)
    w.tasks -= 1
    free_place(w, place)


@noinline
def oldest_class(w: Ptr[Worker]) -> u64:
    """The class that the oldest task is of."""
    found: u64 = 0
    least: u64 = 0xFFFFFFFFFFFFFFFF
    for number in range(u64(CLASSES)):
        if (w.classes >> number) & 1 != 0:
            age = w.bag[oldest_of(w, number) + HEADER] >> AGE_SHIFT
            if age < least:
                least = age
                found = number
    return found


@inline
def make_room(w: Ptr[Worker], tasks: u64) -> bool:
    """Makes sure that so many tasks can be pushed; False if there is no memory for that."""
    return w.room_count >= tasks or more_room(w, tasks)


@noinline
def more_room(w: Ptr[Worker], tasks: u64) -> bool:
    """Takes more places from the heap, at least so many; False if there is no memory for them."""
    count: u64 = tasks if tasks > MANY_PLACES else MANY_PLACES
    start = take_words(w.net, count * PLACE_WORDS + 2)
    if start == 0:
        count = tasks
        start = take_words(w.net, count * PLACE_WORDS + 2)
    if start == 0:
        return False
    place = (u64(addr(w.heap[start])) - u64(w.bag)) // WORD
    add_places(w, (place + 3) >> PLACE_SHIFT << PLACE_SHIFT, count)
    return True


@noinline
def add_places(w: Ptr[Worker], start: u64, count: u64) -> None:
    """Makes words of the bag free places."""
    place = start
    for _ in range(count):
        w.bag[place + OLDER] = w.room
        w.room = place
        place += PLACE_WORDS
    w.room_count += count
