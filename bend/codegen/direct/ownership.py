"""Which parameters are borrowed: the caller keeps its reference, and the function only looks.

A parameter can be borrowed if its function never passes it on as a whole (as a field, as a result, to a function that
owns it). It is worth it where some caller goes on using the value, which would cost a reference otherwise; what callers
give away is better owned, since the function can then use its cells again (Reinking et al., Perceus, 2021; Ullrich and
de Moura, Counting immutable beans, 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from bend.codegen.direct import ir
from bend.codegen.direct.flow import Flow, Given
from bend.codegen.direct.ir import Atom, Block
from bend.codegen.direct.tails import used_by
from bend.reached import reached
from bend.records import dataclass

Parameter = tuple[str, int]
"""A function, and which of its parameters."""


def names_of(atoms: Iterable[Atom]) -> Iterator[str]:
    """The variables among atoms."""
    return (atom.name for atom in atoms if isinstance(atom, ir.Var))


def later_uses(block: Block, live: frozenset[str]) -> list[frozenset[str]]:
    """For each binding of a block, the variables that are used after it; `live` are those that are needed after the
    block."""
    later = live | used_by(block.end)
    found: list[frozenset[str]] = []
    for binding in reversed(block.bindings):
        found.append(later)
        later = later | used_by(binding.operation)
    found.reverse()
    return found


def lent_names(function: ir.Function, borrowed: frozenset[Parameter]) -> frozenset[str]:
    """The variables that are borrowed as long as a function runs: borrowed parameters and their parts."""
    lent = {name for index, name in enumerate(function.parameters) if (function.name, index) in borrowed}
    pending = [function.body]
    while pending:
        block = pending.pop()
        for binding in block.bindings:
            if isinstance(binding.operation, ir.TakePair) and _is_one_of(binding.operation.value, lent):
                lent.update(binding.names)
            pending += ir.blocks_of(binding.operation)
        if isinstance(block.end, ir.Match) and _is_one_of(block.end.value, lent):
            lent.update(name for arm in block.end.arms for name in arm.fields)
        pending += ir.blocks_of(block.end)
    return frozenset(lent)


def _is_one_of(atom: Atom, names: set[str]) -> bool:
    return isinstance(atom, ir.Var) and atom.name in names


def borrowed_parameters(program: ir.Program, flow: Flow) -> frozenset[Parameter]:
    """The parameters that are borrowed. Functions that are passed around own all of theirs."""
    analysis = _Analysis(program)
    passed = {item.function for item in flow.objects if isinstance(item, Given)}
    for function in program.functions.values():
        analysis.function(function)
    candidates = {(function.name, index) for function in program.functions.values() if function.name not in passed
                  for index in range(len(function.parameters))}
    return analysis.solve(candidates)


@dataclass
class _Analysis:
    program: ir.Program
    consumed: set[Parameter] = field(default_factory=set)
    """Parameters that are passed on as a whole."""
    passed: dict[Parameter, set[Parameter]] = field(default_factory=dict)
    """The parameters of callees that a parameter is passed to as a whole."""
    parts: dict[Parameter, set[Parameter]] = field(default_factory=dict)
    """Those that parts of it are passed to."""
    kept: set[Parameter] = field(default_factory=set)
    """Parameters that get something that the caller uses afterwards."""

    def solve(self, candidates: set[Parameter]) -> frozenset[Parameter]:
        """The parameters that can be borrowed and are worth it."""
        possible = self.closed(candidates - self.consumed)
        wanted = reached(self.kept & possible,
                         lambda item: (self.passed.get(item, set()) | self.parts.get(item, set())) & possible)
        return frozenset(self.closed(wanted))

    def closed(self, chosen: set[Parameter]) -> set[Parameter]:
        """Without those that are passed to parameters that are not chosen."""
        while True:
            wrong = {item for item in chosen if self.passed.get(item, set()) - chosen}
            if not wrong:
                return chosen
            chosen = chosen - wrong

    def function(self, function: ir.Function) -> None:
        """Collects what a function does."""
        owners = {name: (function.name, index) for index, name in enumerate(function.parameters)}
        self.block(function.body, frozenset(), owners, {})

    def block(self, block: Block, live: frozenset[str], owners: dict[str, Parameter],
              parts: dict[str, Parameter]) -> None:
        """Collects what a block does. `owners` are the parameters that variables are, `parts` those that they are parts
        of."""
        for binding, later in zip(block.bindings, later_uses(block, live), strict=True):
            operation = binding.operation
            match operation:
                case ir.Call():
                    self.call(operation, later, owners, parts)
                case ir.Fork(first, calls):
                    kept = later | {name for call in calls for name in names_of(call.arguments)}
                    for call in (first, *calls):
                        if isinstance(call, ir.Call):
                            self.call(call, later, owners, parts)
                        elif isinstance(call, ir.Nested):
                            self.block(call.block, kept, owners, parts)
                        else:
                            self.consume(ir.atoms_of(call), owners)
                case ir.TakePair(ir.Var(name)):
                    self.take(name, binding.names, owners, parts)
                case ir.Nested(inner):
                    self.block(inner, later, owners, parts)
                case ir.Operate() | ir.Cast() | ir.TakePair():
                    pass
                case _:
                    self.consume(ir.atoms_of(operation), owners)
        self.end(block.end, live, owners, parts)

    def end(self, end: ir.End, live: frozenset[str], owners: dict[str, Parameter], parts: dict[str, Parameter]) -> None:
        """Collects what an end does."""
        match end:
            case ir.Do(ir.Call() as call):
                self.call(call, live, owners, parts)
            case ir.Match(value, arms):
                for arm in arms:
                    for name in names_of((value,)):
                        self.take(name, arm.fields, owners, parts)
                    self.block(arm.block, live, owners, parts)
            case ir.Switch(_, zero, _, successor):
                self.block(zero, live, owners, parts)
                self.block(successor, live, owners, parts)
            case _:
                self.consume(ir.atoms_of(end), owners)

    def take(self, name: str, fields: Iterable[str], owners: dict[str, Parameter],
             parts: dict[str, Parameter]) -> None:
        """Fields are parts of what they come from."""
        whole = owners.get(name) or parts.get(name)
        if whole is not None:
            parts.update(dict.fromkeys(fields, whole))

    def consume(self, atoms: Iterable[Atom], owners: dict[str, Parameter]) -> None:
        """Atoms are passed on."""
        self.consumed.update(owners[name] for name in names_of(atoms) if name in owners)

    def call(self, call: ir.Call, later: frozenset[str], owners: dict[str, Parameter],
             parts: dict[str, Parameter]) -> None:
        """Arguments are passed to parameters."""
        for index, argument in enumerate(call.arguments):
            if not isinstance(argument, ir.Var):
                continue
            target = (call.function, index)
            if argument.name in owners:
                self.passed.setdefault(owners[argument.name], set()).add(target)
            if argument.name in parts:
                self.parts.setdefault(parts[argument.name], set()).add(target)
            if argument.name in later:
                self.kept.add(target)
