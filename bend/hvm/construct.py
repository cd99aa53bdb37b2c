"""Data as nets: numbers, tuples and constructors in normal form, for what does not come from the compiler.

Arm number a of s siblings with fields f1, f2, … is the function `λx1 … λxs (xa f1 f2 …)`. In the num-scott encoding a
constructor has no siblings, and its first field is its tag (spec 07, section 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Generic, Protocol, TypeVar

from bend.hvm import net
from bend.hvm.adt import tag_name
from bend.hvm.numbers import U24, make_word
from bend.interface import ConstructorShape, Interface
from bend.options import Encoding

Port = TypeVar('Port')


class ValueMaker(Protocol[Port]):
    """Makes values somewhere: in the memory of an engine, or as trees."""

    def eraser(self) -> Port:
        """`*`."""

    def number(self, word: int) -> Port:
        """A number word."""

    def pair(self, first: Port, second: Port) -> Port:
        """A tuple of two."""


class DataWriter(Protocol[Port]):
    """Makes data, with all that is known of constructors."""

    @property
    def maker(self) -> ValueMaker[Port]:
        """What makes the parts."""

    def constructor(self, shape: ConstructorShape, fields: Sequence[Port]) -> Port:
        """A constructor with all of its fields."""

    def numbers(self, cons: ConstructorShape, words: Sequence[int], end: Port) -> Port:
        """Cells of a list, or of a string, that hold numbers."""


class Maker(ValueMaker[Port], Protocol[Port]):
    """Makes nodes of nets."""

    def reference(self, name: str) -> Port:
        """A definition."""

    def function(self, siblings: int, arm: int, fields: Sequence[Port]) -> Port:
        """An arm of so many siblings, applied to fields."""

    def chain(self, siblings: int, arm: int, leading: Sequence[Port], words: Sequence[int], end: Port) -> Port:
        """A chain of arms, one for each number: its fields are the leading ones, the number, and the next arm."""


class Data(Generic[Port]):
    """Makes constructors as nets, in one encoding. `interactions` is what it would take to make them by calls."""

    def __init__(self, maker: Maker[Port], encoding: Encoding) -> None:
        self.maker = maker
        self.encoding = encoding
        self.interactions = 0

    def constructor(self, shape: ConstructorShape, fields: Sequence[Port]) -> Port:
        """A constructor with all of its fields. One without fields is a reference, as in programs."""
        if not fields:
            return self.maker.reference(shape.name)
        self.interactions += 1 + len(fields)
        if self.encoding == 'scott':
            return self.maker.function(shape.siblings, shape.tag, fields)
        return self.maker.function(1, 0, (self.maker.reference(tag_name(shape.name)), *fields))

    def numbers(self, cons: ConstructorShape, words: Sequence[int], end: Port) -> Port:
        """Cells of a list, or of a string, that hold numbers."""
        self.interactions += 3 * len(words)
        if self.encoding == 'scott':
            return self.maker.chain(cons.siblings, cons.tag, (), words, end)
        return self.maker.chain(1, 0, (self.maker.reference(tag_name(cons.name)),), words, end)


class TreeMaker:
    """Makes trees."""

    def __init__(self) -> None:
        self.names = count()

    def eraser(self) -> net.Tree:
        """See `Maker`."""
        return net.Era()

    def number(self, word: int) -> net.Tree:
        """See `Maker`."""
        return net.Num(word)

    def reference(self, name: str) -> net.Tree:
        """See `Maker`."""
        return net.Ref(name)

    def pair(self, first: net.Tree, second: net.Tree) -> net.Tree:
        """See `Maker`."""
        return net.Con(first, second)

    def function(self, siblings: int, arm: int, fields: Sequence[net.Tree]) -> net.Tree:
        """See `Maker`."""
        result = net.Var(f'%{next(self.names)}')
        body: net.Tree = result
        for field in reversed(fields):
            body = net.Con(field, body)
        tree: net.Tree = result
        for sibling in reversed(range(siblings)):
            tree = net.Con(body if sibling == arm else net.Era(), tree)
        return tree

    def chain(self, siblings: int, arm: int, leading: Sequence[net.Tree], words: Sequence[int],
              end: net.Tree) -> net.Tree:
        """See `Maker`."""
        for word in reversed(words):
            end = self.function(siblings, arm, (*leading, net.Num(word), end))
        return end


def missing_data(book: net.Book, interface: Interface) -> dict[str, net.Net]:
    """Definitions that data of any type may refer to and a book lacks: tags, and constructors without fields."""
    maker = TreeMaker()
    found: dict[str, net.Net] = {}
    for shape in interface.constructors.values():
        leading: tuple[net.Tree, ...] = ()
        siblings, arm = shape.siblings, shape.tag
        if interface.encoding == 'num-scott':
            tag = tag_name(shape.name)
            found[tag] = net.Net(net.Num(make_word(shape.tag, U24)))
            leading, siblings, arm = (net.Ref(tag),), 1, 0
        if not shape.fields:
            found[shape.name] = net.Net(maker.function(siblings, arm, leading))
    return {name: definition for name, definition in found.items() if name not in book.defs}


def applied(function: net.Net, arguments: Sequence[net.Tree]) -> net.Net:
    """A net applied to trees whose variables are their own."""
    result: net.Tree = net.Var('%result')
    spine = result
    for argument in reversed(arguments):
        spine = net.Con(argument, spine)
    return net.Net(result, (*function.redexes, net.Redex(function.root, spine)))
