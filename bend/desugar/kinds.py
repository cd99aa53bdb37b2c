"""Which kinds of terms definitions have, so that passes leave those alone that have nothing for them."""

from __future__ import annotations

from bend.desugar.core import PVar, Term
from bend.desugar.terms import pattern_parts, subterms, term_patterns


class Kinds:
    """The kinds of terms and of patterns in bodies of definitions. Each body is gone through once, however many passes
    ask; it is kept, so that its identity stays its own."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Term, frozenset[type]]] = {}

    def has(self, body: Term, *kinds: type) -> bool:
        """Whether there is anything of some kinds in a body."""
        found = self.known.get(id(body))
        if found is None:
            found = self.known[id(body)] = (body, _kinds_in(body))
        return not found[1].isdisjoint(kinds)


def _kinds_in(body: Term) -> frozenset[type]:
    found: set[type] = set()
    for term in subterms(body):
        found.add(type(term))
        for pattern in term_patterns(term):
            found.update([PVar] if type(pattern) is PVar else map(type, pattern_parts(pattern)))
    return frozenset(found)
