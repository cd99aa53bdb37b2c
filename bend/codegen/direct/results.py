"""Whether the result of a program may hold functions."""

from __future__ import annotations

from enum import Enum

from bend.codegen.direct.context import Context
from bend.codegen.direct.flow import ERASER, NUMBERS, Folded, Given, Made, Object
from bend.desugar import core
from bend.runtime.direct.readback import shown_function


class Functions(Enum):
    """Whether there are functions that have no name to show."""

    NEVER = 'never'
    PERHAPS = 'perhaps'
    ALWAYS = 'always'


def functions_in_result(context: Context, book: core.Book, given: int) -> Functions:
    """Whether there are functions in what the entry gives for so many arguments, as far as the flow analysis tells."""
    flow, program = context.flow, context.program
    entry = program.constants[0]

    def is_function(item: Object) -> bool:
        return isinstance(item, Given) and (item.count > 0 or shown_function(item.function, entry, book) is None)

    root = flow.results.get(entry, 0)
    is_other = root & (NUMBERS | ERASER) or any(not is_function(item) for item in flow.objects_in(root))
    if len(program.functions[entry].parameters) != given or (root and not is_other):
        return Functions.ALWAYS
    seen: set[int] = set()
    pending = [root]
    while pending:
        bits = pending.pop()
        if bits in seen:
            continue
        seen.add(bits)
        for item in flow.objects_in(bits):
            if is_function(item):
                return Functions.PERHAPS
            if isinstance(item, Folded):
                pending.append(flow.results.get(item.name, 0))
            elif isinstance(item, Made):
                pending += flow.fields[item]
    return Functions.NEVER
