"""Which definitions are copied as references, and which are opened first (spec 05, section 4; spec 09, R1).

A copied reference to a function stays folded: each use then opens its own copy, so that what the function duplicates
inside never meets the duplication that copied it. The reference implementation opens all that hold a duplication, and
is wrong there. Definitions that are data or computations are opened before they are copied if they hold one, since
what they are made of would be made again for each copy.
"""

from __future__ import annotations

from bend.hvm.adt import TAG_SUFFIX
from bend.hvm.net import Book, Con, Dup, Era, Net, Opr, Ref, Swi, Tree, Var
from bend.hvm.walk import subtrees


def unsafe_definitions(book: Book) -> set[str]:
    """The definitions that are not functions and hold a duplication, or reference such a one, however indirectly."""
    functions = {name for name, net in book.defs.items() if _is_function(net)}
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
    return unsafe - functions


def _is_function(net: Net) -> bool:
    """Whether a net is a function as far as its form tells: not a tuple that begins with a closed term, and not a
    constructor, `λx (x tag fields)`. A tuple that begins with what is computed looks like a function."""
    root = net.root
    if not isinstance(root, Con):
        return False
    argument = root.first
    if not isinstance(argument, Con):
        return isinstance(argument, Era) or any(isinstance(part, Var) for part in subtrees(argument))
    applied: Tree = argument
    while isinstance(applied, Con):
        applied = applied.second
    tagged = isinstance(argument.first, Ref) and argument.first.name.endswith(TAG_SUFFIX)
    is_application = isinstance(applied, Var) and applied == root.second
    return not (is_application and (tagged or net.redexes))


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
