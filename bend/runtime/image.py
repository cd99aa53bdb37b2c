"""Data laid out for the heap of the native engine before a run: what the entry is applied to.

An image is words that are copied to the beginning of the first worker's region, so that ports in it are final. Ports
are those of `bend.runtime.kernel.ports`. A node takes two words, a variable one.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

CON, ERASER, NUMBER, REFERENCE = 4, 2, 3, 1
VALUE_SHIFT = 24
FIRST_WORD = 8192
"""Where images begin: after the first chunk of the heap, which is never handed out."""


class Image:
    """Makes nodes (see `bend.hvm.construct.Maker`). `words` are those made so far."""

    def __init__(self, definitions: Mapping[str, int]) -> None:
        """`definitions` are their numbers by name."""
        self.definitions = definitions
        self.words = array('Q')

    def eraser(self) -> int:
        """See `Maker`."""
        return ERASER

    def number(self, word: int) -> int:
        """See `Maker`."""
        return word << VALUE_SHIFT | NUMBER

    def reference(self, name: str) -> int:
        """See `Maker`."""
        return self.definitions[name] << VALUE_SHIFT | REFERENCE

    def pair(self, first: int, second: int) -> int:
        """See `Maker`."""
        self.words.append(first)
        self.words.append(second)
        return FIRST_WORD + len(self.words) - 2 << VALUE_SHIFT | CON

    def variable(self) -> int:
        """A variable, as a port. Nodes stay at even places."""
        self.words.extend((0, 0))
        return FIRST_WORD + len(self.words) - 2 << VALUE_SHIFT

    def function(self, siblings: int, arm: int, fields: Sequence[int]) -> int:
        """See `Maker`."""
        result = self.variable()
        body = result
        for field in reversed(fields):
            body = self.pair(field, body)
        port = result
        for sibling in reversed(range(siblings)):
            port = self.pair(body if sibling == arm else ERASER, port)
        return port

    def chain(self, siblings: int, arm: int, leading: Sequence[int], words: Sequence[int], end: int) -> int:
        """See `Maker`. Column by column, since long lists are the data that there is most of."""
        count = len(words)
        if count == 0:
            return end
        fields = len(leading) + 2
        # A cell: its variable, the nodes of its spine from the last field on, the nodes of its siblings.
        width = 2 * (1 + fields + siblings)
        start = len(self.words)
        cells = array('Q', bytes(8 * width * count))

        def ports(node: int, tag: int) -> array[int]:
            """The ports of one node of all cells."""
            first = FIRST_WORD + start + 2 * node << VALUE_SHIFT | tag
            step = width << VALUE_SHIFT
            return array('Q', range(first, first + count * step, step))

        result = ports(0, 0)
        body = result
        top = ports(fields + siblings, CON)
        tails = top[1:]
        tails.append(end)
        heads = array('Q', [word << VALUE_SHIFT | NUMBER for word in words])
        constants = [array('Q', [port]) * count for port in leading]
        for number, column in enumerate((tails, heads, *reversed(constants)), 1):
            cells[2 * number::width] = column
            cells[2 * number + 1::width] = body
            body = ports(number, CON)
        rest = result
        for number, sibling in enumerate(reversed(range(siblings)), fields + 1):
            cells[2 * number::width] = body if sibling == arm else array('Q', [ERASER]) * count
            cells[2 * number + 1::width] = rest
            rest = ports(number, CON)
        self.words.extend(cells)
        return top[0]
