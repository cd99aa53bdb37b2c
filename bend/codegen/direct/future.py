"""The cells that a block goes on to make, for which it keeps those that it closes."""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.context import Context
from bend.codegen.direct.ir import Block


def future_sizes(context: Context, block: Block) -> list[frozenset[int]]:
    """For each binding of a block, and the end, the sizes in words of the cells that are made from there on."""
    sizes = frozenset(_sizes_in(context, Block((), block.end)))
    found = [sizes]
    for binding in reversed(block.bindings):
        sizes = sizes | _sizes_in(context, Block((binding,), ir.Wrong()))
        found.append(sizes)
    found.reverse()
    return found


def _sizes_in(context: Context, block: Block) -> set[int]:
    """The sizes of cells that are made in a block."""
    found = set()
    for part in ir.blocks_within(block):
        for binding in part.bindings:
            if isinstance(binding.operation, ir.Construct | ir.Pair):
                shape = context.layout.shape(context.shape_of(binding))
                if not shape.is_immediate:
                    found.add(shape.words + 1)
    return found
