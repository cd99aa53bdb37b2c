"""Places in programs of which calls have been replaced by what they call.

The places of a function are those in which it was written; a copy of it in another function has places of its own, each
with the place of the call that the copy replaces. So what happens in the copy can be told as if there had been a call.
"""

from __future__ import annotations

from bend.codegen.direct import ir


class Places:
    """The places of a program by number, from 1 on, and the calls that they come from (`ir.Program`)."""

    def __init__(self, program: ir.Program) -> None:
        self.places = list(program.places)
        self.callers = list(program.callers) or [0] * len(program.places)
        self._known: dict[tuple[int, int], int] = {}

    def called_from(self, place: int, call: int) -> int:
        """The number of a place in the copy of a function that replaces a call (not 0) of it. What has no place is
        where the call is."""
        if place == 0:
            return call
        known = self._known.get((place, call))
        if known is None:
            caller = self.called_from(self.callers[place - 1], call)
            self.places.append(self.places[place - 1])
            self.callers.append(caller)
            known = self._known[place, call] = len(self.places)
        return known
