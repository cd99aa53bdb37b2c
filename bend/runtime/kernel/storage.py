"""What the rules ask of the net that they work on: memory, joining, and keeping redexes for later.

The scheduler that is compiled along provides it: `link`, `memory` and `pushing` for threads of a CPU, `gpu_net` for
GPUs.
"""

from bend.runtime.kernel.lang import Ptr, Worker, extern, u64


@extern
def alloc_node(w: Ptr[Worker]) -> u64:
    """The heap index of two words for a node; their content is whatever was there."""


@extern
def node_word(w: Ptr[Worker], index: u64) -> u64:
    """A word of a node, which may have been made by somebody else."""


@extern
def free_node(w: Ptr[Worker], index: u64) -> None:
    """Gives a node back."""


@extern
def alloc_variable(w: Ptr[Worker]) -> u64:
    """A fresh, empty variable, as a port."""


@extern
def bound_variable(w: Ptr[Worker], port: u64) -> u64:
    """A fresh variable one end of which is joined with a port already."""


@extern
def free_variable(w: Ptr[Worker], variable: u64) -> None:
    """Frees the slot of a variable."""


@extern
def slot_content(w: Ptr[Worker], index: u64) -> u64:
    """What the slot of a variable holds; 0 if it is empty."""


@extern
def link(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Joins two ports, following and freeing full slots; two ports that are no variables become a redex."""


@extern
def push_redex(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Keeps an active pair for later."""


@extern
def take_labels(w: Ptr[Worker], count: u64) -> u64:
    """So many fresh labels: gives where they begin. They are used again when all others have been used."""


@extern
def scratch_area(w: Ptr[Worker]) -> Ptr[u64]:
    """As many words as the largest definition has local names, for the worker to use."""
