"""The calls of the program that were under way when a run was stopped, from the stack of the worker that did it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field

from bend.diagnostics import Caller, Callers, Trace
from bend.hvm.net import Place
from bend.records import dataclass
from bend.runtime.direct.code_map import Call, CodeMap
from bend.runtime.direct.folding import folded, shortened
from bend.runtime.direct.program import CallTable, DirectProgram
from bend.runtime.direct.stack import Stack, walk
from bend.source import Span


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where a run was stopped: the user's function, the beginning of its definition, the call there that did not end
    well if it was not the function itself, and the calls that led to it."""

    function: str
    head: Span | None
    call: Caller | None
    trace: Trace


def trace_of(program: DirectProgram, address_of: Callable[[str], int], stack: Stack, place: int) -> Stopped:
    """What a stack says. `address_of` gives the addresses of native functions (see `CodeMap`), `place` is the number
    of the place at which the run was stopped, 0 if that is not known."""
    table: CallTable = pickle.loads(program.calls)
    code = CodeMap(program.all_code(), address_of)
    return _Tracer(program.places_by_number(), table, code).trace(stack, place)


@dataclass
class _Tracer:
    places: Sequence[Place | None]
    table: CallTable
    code: CodeMap
    known: dict[int, tuple[Call, ...]] = field(default_factory=dict)

    def trace(self, stack: Stack, place: int) -> Stopped:
        """See `trace_of`."""
        found = walk(stack, self.code)
        calls = [(tuple(call for address in stretch.addresses for call in self.calls(address)), stretch.times)
                 for stretch in found.stretches]
        innermost = next((part[0] for part, _ in calls if part), Call('', 0))
        function = self.user_function(innermost)
        callers: list[Caller | Callers] = list(self.written_at(self.table.callers[place - 1] if place else 0))
        for part, times in calls:
            written = tuple(caller for call in part for caller in self.written_at(call.place))
            callers += written if times == 1 else [Callers(written, times)]
        if found.end == 'fork':
            outermost = next((part[-1] for part, _ in reversed(calls) if part), Call('', 0))
            callers += self.written_at(self.table.forks.get(self.known_as(outermost), 0))
        # Calls of the kernel have no place.
        failed = callers.pop(0) if innermost.place and not place and callers else None
        return Stopped(function, self.table.heads.get(function), failed if isinstance(failed, Caller) else None,
                       Trace(shortened(folded(callers)), found.end))

    def calls(self, address: int) -> tuple[Call, ...]:
        """The calls in functions of the program that a return address belongs to."""
        if address not in self.known:
            self.known[address] = tuple(call for call in self.code.calls(address - 1) if self.user_function(call))
        return self.known[address]

    def user_function(self, call: Call) -> str:
        """The user's function that one of LIR was made from; empty if it is none."""
        return self.table.functions.get(self.known_as(call), '')

    def known_as(self, call: Call) -> str:
        """What the program knows a function of LIR as, which may be a version or a copy of one of the program."""
        name = call.function[2:]
        return name if name in self.table.functions else name.rpartition('.')[0]

    def written_at(self, place: int) -> Iterator[Caller]:
        """The call at a place, the call that was replaced by the function that it was written in, and so on."""
        while place:
            found = self.places[place]
            if found is not None and found.function:
                yield Caller(found.function, found.span)
            place = self.table.callers[place - 1]
