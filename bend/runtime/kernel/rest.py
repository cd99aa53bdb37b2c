"""How the host has a net reduced that is at rest: whoever runs tasks provides this."""

from bend.runtime.kernel.lang import Ptr, Worker, extern


@extern
def run_alone(w: Ptr[Worker]) -> bool:
    """Runs what the first worker has; False if the stop flag was raised, which also happens after a while."""
