"""Lanes that begin as those of a GPU do, on threads of the system."""

from bend.runtime.kernel.lang import Ptr, export, struct, u64
from bend.runtime.kernel.waves.begin import Start, begin_lane
from bend.runtime.kernel.waves.main import lane_main
from bend.runtime.kernel.waves.state import Block


@struct
class LaneStart:
    """Where a lane is."""

    start: Ptr[Start]
    memory: Ptr[Block]
    block: u64
    index: u64


@export
def emulated_main(lane: Ptr[LaneStart]) -> None:
    lane_main(begin_lane(lane.start, lane.memory, lane.block, lane.index))
