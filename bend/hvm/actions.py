"""Which definitions of a book can have to do with actions (spec 07, section 2).

An action is a constructor that holds the magic pair. What never mentions both its numbers cannot become one, so that
programs without IO are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping

from bend.hvm.net import Book, Con, Era, Net, Num, Ref, Tree, Var
from bend.hvm.numbers import U24, make_word
from bend.hvm.walk import net_trees, subtrees
from bend.reached import reached
from bend.records import dataclass

MAGIC = (make_word(0xD0CA11, U24), make_word(0xFF1FF1, U24))
"""The pair by which an action is known, as number words."""

TAGS = {'Result/Ok': 0, 'Result/Err': 1, 'IOError/Type': 0, 'IOError/Name': 1, 'IOError/Inner': 2,
        'List/Nil': 0, 'List/Cons': 1, 'String/Nil': 0, 'String/Cons': 1}
"""The tags of the constructors that primitives give."""


@dataclass(frozen=True, slots=True)
class ActionNames:
    """The definitions that may be or make an action, those that are the magic pair, and those that hold the tag of
    a constructor in `TAGS`, by its name: lists that primitives give print as lists where the program knows lists."""

    possible: frozenset[str] = frozenset()
    magic: frozenset[str] = frozenset()
    tags: tuple[tuple[str, str], ...] = ()


def action_names(book: Book) -> ActionNames:
    """What of a book has to do with actions; nothing if its entry has not."""
    users: dict[str, list[str]] = {}
    mentions: list[set[str]] = [set(), set()]
    for name, definition in book.defs.items():
        for tree in (part for root in net_trees(definition) for part in subtrees(root)):
            if isinstance(tree, Ref):
                users.setdefault(tree.name, []).append(name)
            elif isinstance(tree, Num) and tree.word in MAGIC:
                mentions[MAGIC.index(tree.word)].add(name)
    first, second = (_reaching(names, users) for names in mentions)
    possible = first & second
    if 'main' not in possible:
        return ActionNames()
    magic = frozenset(name for name in possible if not book.defs[name].redexes and is_magic(book.defs[name].root))
    tags = tuple((constructor, f'{constructor}/tag') for constructor, tag in TAGS.items()
                 if book.defs.get(f'{constructor}/tag') == Net(Num(make_word(tag, U24))))
    return ActionNames(possible, magic, tags)


def is_magic(tree: Tree) -> bool:
    """Whether a tree is the magic pair."""
    return (isinstance(tree, Con) and isinstance(tree.first, Num) and isinstance(tree.second, Num)
            and (tree.first.word, tree.second.word) == MAGIC)


def with_tags(book: Book, constructors: Mapping[str, int]) -> Book:
    """A book that performs actions, with the tags of the constructors that primitives give as definitions, where the
    program does not use them itself; `constructors` are those that it knows, with their tags. So they print by name."""
    if not action_names(book).possible:
        return book
    missing = {f'{name}/tag': Net(Num(make_word(tag, U24))) for name, tag in TAGS.items()
               if constructors.get(name) == tag and f'{name}/tag' not in book.defs}
    return Book({**book.defs, **missing})


def scott_value(result: Net, definitions: Mapping[str, Net]) -> Net | None:
    """The value in `IO/Done`, `λdone λcall (done magic value)`, in the Scott encoding, which keeps no name by which
    readback could know it; None for any other result."""
    match result.root:
        case Con(Con(magic, Con(value, Var(first))), Con(Era(), Var(last))) if first == last:
            if isinstance(magic, Ref) and magic.name in definitions:
                magic = definitions[magic.name].root
            return Net(value) if is_magic(magic) else None
        case _:
            return None


def _reaching(names: set[str], users: dict[str, list[str]]) -> frozenset[str]:
    """The definitions from which one of the given ones is reached."""
    return frozenset(reached(names, lambda name: users.get(name, ())))
