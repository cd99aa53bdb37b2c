"""A book of nets as an array of 64-bit words, from which the kernel instantiates definitions.

The layout is that of `bend.runtime.kernel.expand`; ports are those of `bend.runtime.kernel.ports`.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping

from bend.hvm import net
from bend.hvm.places import UNKNOWN, number_places, place_of
from bend.hvm.safety import unsafe_definitions
from bend.records import dataclass

VAR, REF, ERA, NUM, CON, DUP, OPR, SWI = range(8)
TAGS: Mapping[type, int] = {net.Con: CON, net.Dup: DUP, net.Opr: OPR, net.Swi: SWI}
VALUE_SHIFT = 24
LABEL_SHIFT = 4
FRESH = 1 << 23
UNSAFE = 1 << 4
PLACE_SHIFT = 6


def port(tag: int, value: int) -> int:
    """A port word."""
    return value << VALUE_SHIFT | tag


def kind_of(tree: net.Binary) -> int:
    """Tag and label of a node; a fresh label is counted from `FRESH`, as the definition numbers them."""
    if not isinstance(tree, net.Dup):
        return TAGS[type(tree)]
    return DUP | (tree.label << LABEL_SHIFT if tree.label >= 0 else FRESH | ~tree.label << LABEL_SHIFT)


@dataclass(frozen=True)
class BookTable:
    """The numbering of a book and its words.

    `names` are the definitions by number; `main` is 0 and the rest follow in byte order (spec 05, 1.4).
    """

    names: tuple[str, ...]
    ids: Mapping[str, int]
    unsafe: frozenset[str]
    words: bytes
    scratch_words: int
    places: Mapping[net.Place, int]

    def reference(self, name: str) -> int:
        """The port of a reference."""
        return port(REF, self.ids[name]) | (UNSAFE if name in self.unsafe else 0)

    def place(self, operation: net.Opr, definition: str) -> int:
        """The number of an operation's place."""
        return self.places.get(place_of(operation, definition), UNKNOWN)


def tabulate(book: net.Book) -> BookTable:
    """Numbers the definitions of a book and lays them out."""
    names = ('main', *sorted((name for name in book.defs if name != 'main'), key=lambda name: name.encode()))
    ids = {name: index for index, name in enumerate(names)}
    unsafe = frozenset(unsafe_definitions(book))
    places = number_places(book, names)
    numbering = BookTable(names, ids, unsafe, b'', 0, places)
    words = array('Q', bytes(8 * len(names)))
    scratch = 0
    for index, name in enumerate(names):
        words[index] = len(words)
        scratch = max(scratch, append_definition(words, name, book.defs[name], numbering))
    return BookTable(names, ids, unsafe, words.tobytes(), scratch, places)


def append_definition(words: array[int], name: str, definition: net.Net, numbering: BookTable) -> int:
    """Appends the words of one definition; gives how many local names it has."""
    flat = Flattener(numbering, name)
    root = flat.add(definition.root)
    pairs = [flat.add(tree) for redex in definition.redexes for tree in (redex.left, redex.right)]
    words.extend([len(flat.variables), len(flat.nodes) // 2, len(definition.redexes), root, flat.labels])
    words.extend(flat.nodes)
    words.extend(pairs)
    return len(flat.variables) + len(flat.nodes) // 2


class Flattener:
    """Turns the trees of one definition into ports over local variable and node numbers; `labels` counts the fresh
    ones."""

    def __init__(self, numbering: BookTable, definition: str) -> None:
        self.numbering = numbering
        self.definition = definition
        self.variables: dict[str, int] = {}
        self.nodes: list[int] = []
        self.labels = 0

    def add(self, tree: net.Tree) -> int:
        """The port of a tree, whose nodes are added; without recursion."""
        result = [0]
        pending: list[tuple[net.Tree, list[int], int]] = [(tree, result, 0)]
        while pending:
            item, target, slot = pending.pop()
            if isinstance(item, net.Con | net.Dup | net.Opr | net.Swi):
                index = len(self.nodes)
                self.nodes += [0, 0]
                target[slot] = port(kind_of(item), index // 2)
                if isinstance(item, net.Opr):
                    target[slot] |= self.numbering.place(item, self.definition) << PLACE_SHIFT
                elif isinstance(item, net.Dup):
                    self.labels = max(self.labels, -item.label)
                pending += [(item.second, self.nodes, index + 1), (item.first, self.nodes, index)]
            else:
                target[slot] = self.leaf(item)
        return result[0]

    def leaf(self, tree: net.Tree) -> int:
        """The port of a tree without children."""
        if isinstance(tree, net.Var):
            return port(VAR, self.variables.setdefault(tree.name, len(self.variables)))
        return constant_port(tree, self.numbering)


def constant_port(tree: net.Tree, numbering: BookTable) -> int:
    """The port of a reference, number or eraser."""
    if isinstance(tree, net.Ref):
        return numbering.reference(tree.name)
    if isinstance(tree, net.Num):
        return port(NUM, tree.word)
    assert isinstance(tree, net.Era)
    return port(ERA, 0)
