"""What the tasks of a net program need at most: cells that they allocate, and words that they push on the bag.

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
    """Cells and words of a bag."""

    cells: int = 0
    words: int = 0

    def __add__(self, other: Needs) -> Needs:
        """What two things need one after the other."""
        return Needs(self.cells + other.cells, self.words + other.words)

    def __or__(self, other: Needs) -> Needs:
        """What either of two things needs."""
        return Needs(max(self.cells, other.cells), max(self.words, other.words))


NOTHING = Needs()
_REDEX = Needs(words=4)
COMMUTATION = Needs(8, 16)
"""No rule needs more."""
_KERNEL: Mapping[str, Needs] = {
    'alloc_variable': Needs(1), 'new_variable': Needs(1), 'make_node': Needs(1), 'new_node': Needs(1),
    'hide_number': Needs(1), 'link': _REDEX, 'link_slow': _REDEX, 'push_redex': _REDEX, 'unfold': Needs(3, 4),
    'put_off': Needs(2, 4), 'free_node': NOTHING, 'node_word': NOTHING, 'resolve': NOTHING, 'constant_of': NOTHING,
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
                    found += self.call(item)
            assert not isinstance(statement, lir.While), 'compiled definitions have no loops'
            found += reduce(Needs.__or__, map(self.block, blocks_of(statement)), NOTHING)
        return found

    def call(self, call: lir.Call) -> Needs:
        """What a call needs itself, without its arguments."""
        if call.function == 'claim_words':
            count = call.arguments[1]
            assert isinstance(count, lir.Const)
            return Needs(words=int(count.value))
        return self.function(call.function)
