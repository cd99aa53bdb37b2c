"""Small functions that lead back to a recursive function are inlined into it, so that it calls itself instead.

    f x = switch x { 0: 0; y: a = g y; b = f y; + a b }     g y = switch y { 0: 1; z: do f z }
    ⇒
    f x = switch x { 0: 0; y: a = { switch y { 0: 1; z: do f z } }; b = f y; + a b }

Inlining alone does this only where it comes by `f` before `g`.
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.inline import LARGE, SMALL, inline_again, references_of, size_of


def inline_mutual(program: ir.Program) -> ir.Program:
    """The program, whose calls have been inlined, without these functions in recursive ones."""
    references = {name: set(references_of(function.body)) for name, function in program.functions.items()}
    sizes = {name: size_of(function.body) for name, function in program.functions.items()}
    recursive = {name for name, found in references.items() if name in found}
    small = {name for name, function in program.functions.items()
             if name not in recursive and function.parameters and sizes[name] <= SMALL}
    chosen = frozenset(name for name in small if not references[name] & small
                       and any(name in references[found] for found in references[name] & recursive))
    callers = {name for name in recursive if references[name] & chosen and sizes[name] <= LARGE}
    return inline_again(program, callers, chosen) if callers else program
