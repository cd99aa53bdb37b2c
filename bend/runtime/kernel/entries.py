"""Where compiled definitions are called; the program's own code provides it."""

from bend.runtime.kernel.lang import Ptr, Worker, extern, u64


@extern
def call_entry(w: Ptr[Worker], kind: u64, task: Ptr[u64], mask: u64) -> bool:
    """Calls the entry that a task names, with the task's ports; False if one of these has a bit of the mask, and then
    nothing was done."""


@extern
def call_definition(w: Ptr[Worker], definition: u64, node: u64) -> bool:
    """Calls a compiled definition that meets a CON node; False if it is not compiled or wants more ports than the
    node has, and then nothing was done."""
