"""Programs for a device as they lie in the cache."""

from __future__ import annotations

from bend.records import dataclass
from bend.runtime.direct.program import DirectProgram


@dataclass(frozen=True, slots=True)
class WavesProgram:
    """A program whose functions are states. `program` says how its values look, as for native code; the number of the
    state that evaluates a definition, and, where actions may be performed, of those that keep the value of a definition
    for ever and that apply a value; the words of frames, of the largest entry of the stack, and of the stack."""

    program: DirectProgram
    evaluates: int
    keeps: int
    applies: int
    frame_words: int
    entry_words: int
    stack_words: int
