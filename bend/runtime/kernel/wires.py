"""What ports lead to, and what comes of two that meet."""

from bend.runtime.kernel.lang import Ptr, Worker, inline, noinline, u64
from bend.runtime.kernel.ports import CON, NUM, is_variable, tag, value
from bend.runtime.kernel.storage import bound_variable, free_variable, push_redex, slot_content


@noinline
def resolve_slow(w: Ptr[Worker], variable: u64) -> u64:
    """`resolve` for a variable."""
    x = variable
    while is_variable(x):
        index = value(x)
        held = slot_content(w, index)
        if held == 0:
            return x
        free_variable(w, x)
        x = held
    return x


@inline
def resolve(w: Ptr[Worker], port: u64) -> u64:
    """What a port leads to: full slots are followed and freed."""
    if is_variable(port):
        return resolve_slow(w, port)
    return port


@inline
def look(w: Ptr[Worker], port: u64) -> u64:
    """What a port leads to that is bound to something; 0 for any other one. Places of no cell hold 0."""
    return slot_content(w, value(port) if is_variable(port) else 0)


@inline
def resolve_looked_at(w: Ptr[Worker], port: u64, held: u64) -> u64:
    """`resolve` for a port that has been looked at."""
    if held == 0:
        return port
    free_variable(w, port)
    return resolve(w, held)


@inline
def early_index(port: u64) -> u64:
    """Where the words of a CON node lie; for any other port, where there are words that nobody needs."""
    return value(port) if tag(port) == CON else 0


@noinline
def hide_number(w: Ptr[Worker], port: u64) -> u64:
    """A number behind a variable, as the first port of an OPR node wants it; any other port as it is."""
    if tag(port) == NUM:
        return bound_variable(w, port)
    return port


@inline
def meet(w: Ptr[Worker], x: u64, y: u64) -> None:
    """Two ports that are no variables face each other: two nullary ones vanish at once, all others wait.

    So what erases numbers does not lie below everything that is newer until the end of the run.
    """
    if tag(x) < CON and tag(y) < CON:
        w.voids += 1
    else:
        push_redex(w, x, y)
