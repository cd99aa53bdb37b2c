"""Which definitions may be copied as references (spec 05, section 4)."""

from __future__ import annotations

from bend.hvm.net import Book, Con, Dup, Net, Opr, Ref, Swi, Tree


def unsafe_definitions(book: Book) -> set[str]:
    """The definitions that hold a duplication, or reference such a one, however indirectly."""
    users: dict[str, list[str]] = {}
    unsafe: set[str] = set()
    for name, net in book.defs.items():
        duplicates, references = _inspect(net)
        if duplicates:
            unsafe.add(name)
        for reference in references:
            users.setdefault(reference, []).append(name)
    pending = list(unsafe)
    while pending:
        for user in users.get(pending.pop(), ()):
            if user not in unsafe:
                unsafe.add(user)
                pending.append(user)
    return unsafe


def _inspect(net: Net) -> tuple[bool, set[str]]:
    """Whether a net holds a duplication, and the names that it references."""
    duplicates = False
    references: set[str] = set()
    stack: list[Tree] = [net.root]
    for redex in net.redexes:
        stack += (redex.left, redex.right)
    while stack:
        tree = stack.pop()
        if isinstance(tree, Ref):
            references.add(tree.name)
        elif isinstance(tree, Con | Dup | Opr | Swi):
            duplicates = duplicates or isinstance(tree, Dup)
            stack += (tree.first, tree.second)
    return duplicates, references
