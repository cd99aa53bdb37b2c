"""Functions that run a few times at most, whatever the program computes: what builds the input, starts the work and
puts results together. Compiling these well would take longer than they ever run.
"""

from __future__ import annotations

from collections import Counter

from bend.codegen.direct import ir
from bend.codegen.direct.inline import references_of
from bend.reached import reached

FEW = 32
"""How often such a function may run."""


def seldom_functions(program: ir.Program) -> frozenset[str]:
    """The functions that the entry and constants call a few times at most, and these themselves, each of which is
    evaluated once, whoever refers to it. Those that are on a cycle of calls, those that are passed around, and all that
    these lead to may run any number of times."""
    constants = {name for name in program.constants if not program.functions[name].parameters}
    callees = {name: Counter(found for found in references_of(function.body)
                             if found in program.functions and found not in constants)
               for name, function in program.functions.items()}
    order, repeated = _callees_first(callees)
    often = reached(repeated | _passed(program), lambda name: callees[name])
    runs = Counter(program.constants)
    for name in reversed(order):
        for callee, calls in callees[name].items():
            if name not in often:
                runs[callee] += runs[name] * calls
    return frozenset(name for name in order if name not in often and runs[name] <= FEW)


def _passed(program: ir.Program) -> set[str]:
    """The functions that are values somewhere, and hence may be applied anywhere, by the host as well."""
    passed = {program.constants[0]}
    for function in program.functions.values():
        for block in ir.blocks_within(function.body):
            for step in (*(binding.operation for binding in block.bindings), block.end):
                passed.update(atom.name for atom in ir.atoms_of(step) if isinstance(atom, ir.Reference))
                if isinstance(step, ir.Partial):
                    passed.add(step.function)
    return {name for name in passed if name in program.functions and program.functions[name].parameters}


def _callees_first(callees: dict[str, Counter[str]]) -> tuple[list[str], set[str]]:
    """All functions, those without a cycle after what they call; and of each cycle at least one function."""
    order: list[str] = []
    repeated: set[str] = set()
    active: set[str] = set()
    done: set[str] = set()

    def visit(name: str) -> None:
        active.add(name)
        for callee in callees[name]:
            if callee in active:
                repeated.add(callee)
            elif callee not in done:
                visit(callee)
        active.discard(name)
        done.add(name)
        order.append(name)

    for name in callees:
        if name not in done:
            visit(name)
    return order, repeated
