"""What programs count that are compiled to count their work, besides the cells that are allocated (`memory`)."""

from bend.runtime.kernel.direct.state import Worker
from bend.runtime.kernel.lang import Ptr, inline, u64


@inline
def count_calls(w: Ptr[Worker], calls: u64) -> None:
    """Functions have been called."""
    w.calls += calls


@inline
def count_reused(w: Ptr[Worker]) -> None:
    """A cell has been used again in place."""
    w.reused += 1
