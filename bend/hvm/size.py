"""Net size check (spec 02, section 4)."""

from __future__ import annotations

from bend.diagnostics import Diagnostic, error
from bend.hvm import net
from bend.hvm.walk import net_trees, subtrees

MAX_NODES = 4095
"""Most nodes of one definition on the CPU."""

MAX_PAIRS = 1 << 17
"""Most active pairs of one definition that the net engine can expand. Workers look at their memory once in 64 tasks,
and what they put on their bags in between must fit into the slack there (`bend.runtime.cpu.SLACK_BYTES`): 64 expansions
of so many pairs of 32 bytes fill it."""


def net_size(measured: net.Net) -> int:
    """Number of binary nodes."""
    return sum(isinstance(item, net.Binary)
               for tree in net_trees(measured) for item in subtrees(tree))


def check_net_size(book: net.Book, limit: int = MAX_NODES) -> list[Diagnostic]:
    """An error for each definition of more than `limit` nodes."""
    findings = []
    for name, definition in book.defs.items():
        size = net_size(definition)
        if size > limit:
            findings.append(error(
                'net-size', f'This function compiles to {size} nodes; at most {limit} are possible.',
                hint="Split it into several functions, or turn the limit off with '-O no-check-net-size'.",
                definition=name))
    return findings


def check_pairs(book: net.Book, limit: int = MAX_PAIRS) -> list[Diagnostic]:
    """An error for each definition of more than `limit` active pairs."""
    sizes = {name: len(definition.redexes) for name, definition in book.defs.items()}
    return [error('net-size', f'This definition has {size} active pairs; at most {limit} are possible.',
                  hint='Split it into several definitions that refer to each other.', definition=name)
            for name, size in sizes.items() if size > limit]
