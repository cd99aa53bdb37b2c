"""Whether the result of a program may hold functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from bend.codegen.direct.context import Context
from bend.codegen.direct.flow import ERASER, NUMBERS, Folded, Given, Made, Object
from bend.desugar import core
from bend.runtime.direct.readback import shown_function

DONE = 'IO/Done'
"""The constructor that ends actions; its first field is the mark of actions."""


class Functions(Enum):
    """Whether there are functions that have no name to show."""

    NEVER = 'never'
    PERHAPS = 'perhaps'
    ALWAYS = 'always'


def functions_in_result(context: Context, book: core.Book, given: int) -> Functions:
    """Whether there are functions in what the entry gives for so many arguments, as far as the flow analysis tells."""
    flow, program = context.flow, context.program
    entry = program.constants[0]
    is_function = _nameless(context, book)
    root = flow.results.get(entry, 0)
    is_other = root & (NUMBERS | ERASER) or any(not is_function(item) for item in flow.objects_in(root))
    if len(program.functions[entry].parameters) != given or (root and not is_other):
        return Functions.ALWAYS
    return Functions.PERHAPS if _may_hold(context, is_function, [root]) else Functions.NEVER


def functions_in_outcomes(context: Context, book: core.Book) -> bool:
    """Whether there may be functions in what a program gives that performs actions, as far as the flow analysis tells:
    in what it ends its actions with anywhere."""
    fields = [bits for made, parts in context.flow.fields.items() if made.constructor == DONE for bits in parts[1:]]
    return _may_hold(context, _nameless(context, book), fields)


def _nameless(context: Context, book: core.Book) -> Callable[[Object], bool]:
    """What tells whether a value is a function that has no name to show."""
    entry = context.program.constants[0]

    def is_function(item: Object) -> bool:
        return isinstance(item, Given) and (item.count > 0 or shown_function(item.function, entry, book) is None)

    return is_function


def _may_hold(context: Context, is_function: Callable[[Object], bool], roots: Iterable[int]) -> bool:
    """Whether there may be functions in values."""
    flow = context.flow
    seen: set[int] = set()
    pending = list(roots)
    while pending:
        bits = pending.pop()
        if bits in seen:
            continue
        seen.add(bits)
        for item in flow.objects_in(bits):
            if is_function(item):
                return True
            if isinstance(item, Folded):
                pending.append(flow.results.get(item.name, 0))
            elif isinstance(item, Made):
                pending += flow.fields[item]
    return False
