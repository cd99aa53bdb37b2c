"""What refers to what: the references in terms and nets, and what can be reached through them."""

from __future__ import annotations

from collections.abc import Iterable

from bend.desugar.core import Book, Ref, Term
from bend.desugar.terms import subterms
from bend.hvm import net
from bend.hvm.adt import TAG_SUFFIX
from bend.reached import reached


def references(term: Term) -> dict[str, None]:
    """The names that a term refers to, in order of first occurrence."""
    return {part.name: None for part in subterms(term) if isinstance(part, Ref)}


def net_references(body: net.Net) -> dict[str, None]:
    """The names that a net refers to."""
    found: dict[str, None] = {}
    stack = [body.root, *(tree for redex in body.redexes for tree in (redex.left, redex.right))]
    while stack:
        tree = stack.pop()
        if isinstance(tree, net.Ref):
            found.setdefault(tree.name)
        elif isinstance(tree, net.Con | net.Dup | net.Opr | net.Swi):
            stack += [tree.second, tree.first]
    return found


def constructor_tag(book: Book, name: str) -> int | None:
    """The number that a name stands for if it is that of a constructor's tag and nothing else has it (spec 02 §3.1)."""
    if not name.endswith(TAG_SUFFIX) or name in book.defs or name in book.nets:
        return None
    constructor = book.constructors.get(name.removesuffix(TAG_SUFFIX))
    return None if constructor is None else constructor.tag


def reachable(book: Book, roots: Iterable[str]) -> set[str]:
    """The names of everything that is reached from the roots, they included."""
    def following(name: str) -> Iterable[str]:
        if name in book.defs:
            return references(book.defs[name].body)
        return net_references(book.nets[name].net) if name in book.nets else ()

    return reached(roots, following)
