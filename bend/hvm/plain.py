"""Plain data read to terms: numbers, constructors and tuples of such, wherever they come from.

Most results are plain, and some are long. In a tree of plain data no wire leads anywhere but to the end of its cell, so
that none has to be followed and `bend.hvm.readback` need not make a graph of the ports. Values of the direct engine
are read by the same rules (`bend.runtime.direct.readback`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from bend.hvm import net, result
from bend.hvm import numbers as num
from bend.hvm.names import letters


class HasArity(Protocol):
    """What must be known of a constructor."""

    @property
    def arity(self) -> int:
        """How many fields it has."""


class Node(NamedTuple):
    """A constructor, or a pair (None), of parts that are still to be read."""

    constructor: str | None
    parts: Sequence[Any]


class Folded(NamedTuple):
    """A folded reference of a definition without parameters, and how to get its value. That raises `BendError` where
    there is none."""

    name: str
    evaluate: Callable[[], Hashable]


Seen: TypeAlias = result.Term | Node | Folded | None
"""What an item is, looked at from outside: a whole term, or what has parts, or None for what is not plain."""


class NotPlain(Exception):
    """There is something in the data that is not plain."""


_LETTERS = tuple(map(letters, range(26)))


class Names:
    """The names of variables as they come: those of `letters`, which repeat themselves after the first letter."""

    def __init__(self) -> None:
        self.given = 0
        self.rest = ''

    def fresh(self) -> str:
        """The next name."""
        higher, lowest = divmod(self.given, 26)
        if lowest == 0 and higher:
            self.rest = letters(higher)
        self.given += 1
        return _LETTERS[lowest] + self.rest


_PAIR, _NOTHING = 'pair', 'function of nothing'


class _Build(NamedTuple):
    """The parts of an item are read: a constructor with a binder, or something else, of the last ones."""

    item: Hashable
    name: str
    binder: str
    arity: int


class Then(NamedTuple):
    """Something to be done when all that was put on the list after it has been read."""

    action: Callable[[], None]


class DataReader:
    """Reads items, whatever they are: `look` says what an item is; parts of items are items in turn. An item that
    occurs several times is read once. `erases` where a pair that begins with `*` is a function of nothing, since
    nets do not tell these apart.

    What to do with folded references and with what is not plain is for others to say; here they are `NotPlain`.
    """

    def __init__(self, look: Callable[[Any], Seen], names: Names, *, erases: bool) -> None:
        self.look = look
        self.names = names
        self.erases = erases
        self.done: list[result.Term] = []
        self.todo: list[Hashable] = []
        self.known: dict[Hashable, result.Term] = {}

    def read(self, root: Hashable) -> result.Term:
        """The term of an item."""
        done, todo, known, look = self.done, self.todo, self.known, self.look
        todo.append(root)
        while todo:
            item = todo.pop()
            if type(item) is _Build:
                whole, name, binder, arity = item
                cut = len(done) - arity
                parts = tuple(done[cut:])
                del done[cut:]
                made = result.Constructor(name, parts, binder) if binder else _joined(name, parts)
                known[whole] = made
                done.append(made)
            elif type(item) is Then:
                item.action()
            else:
                seen = look(item)
                if not isinstance(seen, Node):
                    self.leaf(item, seen)
                elif item in known:
                    done.append(known[item])
                else:
                    self.node(item, seen)
        return done.pop()

    def node(self, item: Hashable, node: Node) -> None:
        """Goes on with the parts of an item."""
        name, parts = node
        if name is not None:
            self.todo.append(_Build(item, name, self.names.fresh(), len(parts)))
        elif self.erases and isinstance(self.look(parts[0]), result.Eraser):
            parts = parts[1:]
            self.todo.append(_Build(item, _NOTHING, '', 1))
        else:
            self.todo.append(_Build(item, _PAIR, '', 2))
        self.todo.extend(reversed(parts))

    def leaf(self, item: Hashable, seen: result.Term | Folded | None) -> None:
        """Adds the term of an item without parts, or sees to that being done."""
        if seen is None or isinstance(seen, Folded):
            raise NotPlain
        self.done.append(seen)


def _joined(kind: str, parts: tuple[result.Term, ...]) -> result.Term:
    """A pair, or a function of nothing."""
    return result.Pair(*parts) if kind == _PAIR else result.Function(None, parts[0])


def read_plain(root: net.Tree, constructors: Mapping[str, HasArity]) -> result.Term | None:
    """The term of a tree in the encoding with tags; None if it is not plain, or mentions any name but those of
    constructors and tags. Binders have the names that the general way gives them."""
    def look(tree: net.Tree) -> Seen:
        if isinstance(tree, net.Con):
            cell = _cell(tree, constructors)
            if cell is not None:
                return cell
            return None if isinstance(tree.first, net.Var) else Node(None, (tree.first, tree.second))
        if isinstance(tree, net.Num) and num.is_number(tree.word):
            return result.Number(tree.word)
        if isinstance(tree, net.Ref) and tree.name.removesuffix('/tag') in constructors:
            return result.Reference(tree.name)
        return result.Eraser() if isinstance(tree, net.Era) else None

    try:
        return DataReader(look, Names(), erases=True).read(root)
    except NotPlain:
        return None


def _cell(tree: net.Con, constructors: Mapping[str, HasArity]) -> Node | None:
    """Name and fields of `((T/C/tag (f1 (... r))) r)`."""
    spine, end = tree.first, tree.second
    if not isinstance(end, net.Var) or not isinstance(spine, net.Con) or not isinstance(spine.first, net.Ref):
        return None
    name = spine.first.name.removesuffix('/tag')
    if name == spine.first.name or name not in constructors:
        return None
    fields: list[net.Tree] = []
    rest = spine.second
    while isinstance(rest, net.Con):
        fields.append(rest.first)
        rest = rest.second
    return Node(name, fields) if rest == end and len(fields) == constructors[name].arity else None
