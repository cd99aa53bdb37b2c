"""Equality of trees, nets and books up to the names of variables."""

from __future__ import annotations

from collections.abc import Iterable

from bend.hvm.f24 import is_nan
from bend.hvm.net import Book, Con, Dup, Net, Num, Opr, Swi, Tree, Var
from bend.hvm.numbers import F24, TYPE_BITS, TYPE_MASK


def same_tree(a: Tree, b: Tree) -> bool:
    """Whether two trees are equal when variables are renamed one to one; all NaN are one number."""
    return _same([(a, b)])


def same_net(a: Net, b: Net) -> bool:
    """Whether two nets have equal roots and equal active pairs, in order, when variables are renamed one to one."""
    if len(a.redexes) != len(b.redexes):
        return False
    pairs = [(a.root, b.root)]
    for left, right in zip(a.redexes, b.redexes, strict=True):
        if left.parallel != right.parallel:
            return False
        pairs += ((left.left, right.left), (left.right, right.right))
    return _same(pairs)


def same_book(a: Book, b: Book) -> bool:
    """Whether two books define the same names as the same nets."""
    return a.defs.keys() == b.defs.keys() and all(same_net(net, b.defs[name]) for name, net in a.defs.items())


def _same(pairs: Iterable[tuple[Tree, Tree]]) -> bool:
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    stack = list(pairs)
    while stack:
        a, b = stack.pop()
        if isinstance(a, Var) and isinstance(b, Var):
            if there.setdefault(a.name, b.name) != b.name or back.setdefault(b.name, a.name) != a.name:
                return False
        elif isinstance(a, Con | Dup | Opr | Swi):
            if type(a) is not type(b) or not isinstance(b, Con | Dup | Opr | Swi):
                return False
            stack += ((a.first, b.first), (a.second, b.second))
        elif isinstance(a, Num) and isinstance(b, Num):
            if a.word != b.word and not (_is_nan(a.word) and _is_nan(b.word)):
                return False
        elif a != b:
            return False
    return True


def _is_nan(word: int) -> bool:
    return word & TYPE_MASK == F24 and is_nan(word >> TYPE_BITS)
