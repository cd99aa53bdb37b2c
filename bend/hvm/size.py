"""Net size check (spec 02, section 4)."""

from __future__ import annotations

from bend.diagnostics import Diagnostic, error
from bend.hvm import net
from bend.hvm.walk import net_trees, subtrees

MAX_NODES = 4095
"""Most nodes of one definition on the CPU."""

MAX_NODES_CUDA = 64
"""The same for the reference's GPU commands."""


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
