"""Names that the compiler itself refers to: definitions behind literals, and names that no program can write."""

from __future__ import annotations

LIST_NIL = 'List/Nil'
LIST_CONS = 'List/Cons'
STRING_NIL = 'String/Nil'
STRING_CONS = 'String/Cons'
TREE_NODE = 'Tree/Node'
TREE_LEAF = 'Tree/Leaf'
MAP_EMPTY = 'Map/empty'
MAP_GET = 'Map/get'
MAP_SET = 'Map/set'
MAP_MAP = 'Map/map'

# The scrutinee of a match that the program does not name.
MATCHED = '%matched'
# The list that a comprehension walks over.
ITERATED = '%iter'
# The value of a map entry that is updated in place.
ENTRY = '%entry'

FORK = 'fork'
BIND = 'bind'
WRAP = 'wrap'

MAIN_NAMES = ('main', 'Main')

# Added to the names of the prelude that a program takes for its own definitions.
BUILTIN_SUFFIX = '__builtin'


def field_variable(bound: str | None, name: str) -> str:
    """The variable of a field in the arms of a match on `bound`."""
    return f'{bound or MATCHED}.{name}'


def predecessor_variable(bound: str | None, count: int) -> str:
    """The variable of the last arm of a switch on `bound` with `count` numbered arms."""
    return f'{bound or MATCHED}-{count}'
