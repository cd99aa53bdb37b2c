"""Programs for a device as they lie in the cache."""

from __future__ import annotations

from dataclasses import dataclass

from bend.runtime.direct.program import DirectProgram


@dataclass(frozen=True, slots=True)
class WavesProgram:
    """A program whose functions are states. `program` says how its values look, as for native code; the number of the
    state that evaluates a definition; the words of frames, of the largest entry of the stack, and of the stack."""

    program: DirectProgram
    evaluates: int
    frame_words: int
    entry_words: int
    stack_words: int
