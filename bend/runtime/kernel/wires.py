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
