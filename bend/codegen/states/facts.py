"""What the kernel must know of a machine: the size of frames, and how entries of the stack become frames."""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.direct.values import u64
from bend.codegen.states.layout import Machine, Waiting

ENTRY_FACTS, CALL_FACTS = 'entry.facts', 'call.facts'
ENTRY_COUNT, CALL_COUNT = 7, 4
"""How many facts there are of each (`bend.runtime.kernel.waves.spill`)."""


def fact_functions(machine: Machine) -> list[lir.Function]:
    """`frame_words`, `entry_fact` and `call_fact`."""
    words = lir.Function('frame_words', (), lir.U64, (lir.Return(u64(machine.frame_words)),), inline='always')
    return [words, _lookup('entry_fact', ENTRY_FACTS, ENTRY_COUNT), _lookup('call_fact', CALL_FACTS, CALL_COUNT)]


def fact_tables(machine: Machine) -> list[lir.Global]:
    """What these functions look up: facts by the number of the state, or of the call."""
    entries: dict[int, tuple[int, ...]] = {}
    calls: list[tuple[int, ...]] = []
    for waiting in machine.waiting.values():
        for index, number in enumerate(waiting.numbers):
            later = _later_calls(machine, waiting, index)
            given = machine.functions[waiting.calls[index].function].result
            entries[number] = (waiting.size, waiting.kept, waiting.slots[index], waiting.numbers[-1], len(later),
                               len(calls), machine.ends[given])
            calls += later
    rows = [entries.get(number, (0,) * ENTRY_COUNT) for number in range(max(entries, default=0) + 1)]
    return [_table(ENTRY_FACTS, rows), _table(CALL_FACTS, calls or [(0,) * CALL_COUNT])]


def _later_calls(machine: Machine, waiting: Waiting, index: int) -> list[tuple[int, ...]]:
    """The calls that are still to be begun when the one of an index is under way."""
    return [(machine.entries[call.function], waiting.arguments[number], machine.words(call.arguments[1:]),
             waiting.slots[number])
            for number, call in enumerate(waiting.calls) if number > index]


def _lookup(name: str, table: str, count: int) -> lir.Function:
    row, fact = lir.Local('row', lir.U64), lir.Local('fact', lir.U64)
    at = lir.Binary('add', lir.Binary('mul', row, u64(count)), fact)
    place = lir.IndexAddress(lir.GlobalAddress(table, lir.Ptr(lir.U64)), at)
    return lir.Function(name, (('row', lir.U64), ('fact', lir.U64)), lir.U64, (lir.Return(lir.Load(place)),),
                        inline='hint')


def _table(name: str, rows: list[tuple[int, ...]]) -> lir.Global:
    words = tuple(word for row in rows for word in row)
    return lir.Global(name, lir.U64, len(words), words)
