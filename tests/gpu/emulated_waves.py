"""Lanes that begin as those of a GPU do, on threads of the system."""

from bend.runtime.kernel.lang import Ptr, export, struct, u64
from bend.runtime.kernel.waves.begin import Start, begin_lane, end_lane
from bend.runtime.kernel.waves.main import lane_main
from bend.runtime.kernel.waves.state import Block, Worker


@struct
class LaneStart:
    """Where a lane is."""

    start: Ptr[Start]
    memory: Ptr[Block]
    block: u64
    index: u64
    state: Ptr[Worker]
    stack: u64


@export
def emulated_main(lane: Ptr[LaneStart]) -> None:
    begin_lane(lane.start, lane.state, lane.memory, lane.block, lane.index)
    lane.state.stack = lane.stack
    lane_main(lane.state)
    end_lane(lane.start, lane.state)
