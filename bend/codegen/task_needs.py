"""What the tasks of a net program need at most: cells that they allocate, and tasks that they push on the bag.

Where many lanes share one heap, each makes sure of that before it begins a task (`bend.runtime.kernel.gpu_net.run`),
so that nothing in it can fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from bend.codegen import lir
from bend.codegen.lir_walk import blocks_of, expressions_in
from bend.records import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """Cells and places for tasks."""

    cells: int = 0
    tasks: int = 0

    def __add__(self, other: Needs) -> Needs:
        """What two things need one after the other."""
        return Needs(self.cells + other.cells, self.tasks + other.tasks)

    def __or__(self, other: Needs) -> Needs:
        """What either of two things needs."""
        return Needs(max(self.cells, other.cells), max(self.tasks, other.tasks))


NOTHING = Needs()
_TASK = Needs(tasks=1)
COMMUTATION = Needs(8, 4)
"""No rule needs more."""
_KERNEL: Mapping[str, Needs] = {
    'alloc_variable': Needs(1), 'new_variable': Needs(1), 'make_node': Needs(1), 'new_node': Needs(1),
    'hide_number': Needs(1), 'link': _TASK, 'link_slow': _TASK, 'push_redex': _TASK, 'claim_task': _TASK,
    'unfold': Needs(3, 1), 'put_off': Needs(2, 1), 'free_node': NOTHING, 'node_word': NOTHING, 'resolve': NOTHING,
    'constant_of': NOTHING, 'look': NOTHING, 'resolve_looked_at': NOTHING, 'early_index': NOTHING,
    'operate_numbers': NOTHING, 'take_labels': NOTHING, 'fresh_kind': NOTHING,
}
"""The functions of the kernel that compiled definitions call."""


def most_needed(functions: Iterable[lir.Function]) -> Needs:
    """What any of the compiled entries of a program needs, and any rule. Entries call each other, never in a ring.
    Raises KeyError for a function of the kernel that is not known here."""
    walk = _Walk({function.name: function for function in functions})
    return reduce(Needs.__or__, map(walk.function, walk.functions), COMMUTATION)


class _Walk:
    """Goes through functions and remembers what was found."""

    def __init__(self, functions: Mapping[str, lir.Function]) -> None:
        self.functions = functions
        self.known = dict(_KERNEL)

    def function(self, name: str) -> Needs:
        """What a call of a function needs."""
        if name not in self.known:
            self.known[name] = self.block(self.functions[name].body)
        return self.known[name]

    def block(self, block: lir.Block) -> Needs:
        """What a block needs: its statements one after the other, and of ways that exclude each other the worst."""
        found = NOTHING
        for statement in block:
            for item in expressions_in(statement):
                if isinstance(item, lir.Call):
                    found += self.function(item.function)
            assert not isinstance(statement, lir.While), 'compiled definitions have no loops'
            found += reduce(Needs.__or__, map(self.block, blocks_of(statement)), NOTHING)
        return found
