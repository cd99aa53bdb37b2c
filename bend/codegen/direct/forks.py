"""Calls of recursive functions that do not need each other's results become forks.

    a = f x; b = f y; c = operate + a b; c    ⇒    a, b = f x | f y; c = operate + a b; c
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.flow import Flow, Given, analyse
from bend.codegen.direct.inline import references_of
from bend.codegen.direct.ir import Binding, Block
from bend.codegen.direct.schedule import heavy_functions
from bend.codegen.direct.tails import used_by
from bend.reached import reached
from bend.records import replace

MAX_ARGUMENTS = 14
"""How many a task can hold."""
MAX_CALLS = 64
"""How many calls one fork has: enough for all workers to have something to do, while code for more takes longer and
longer to make."""


def fork_calls(program: ir.Program) -> ir.Program:
    """The program, whose calls are ordered (`schedule`), with forks."""
    flow = analyse(program)
    forking = _Forking(program, flow, _heavy_with_closures(program, flow))
    functions = {name: replace(function, body=forking.block(function.body))
                 for name, function in program.functions.items()}
    return replace(program, functions=functions)


def _heavy_with_closures(program: ir.Program, flow: Flow) -> frozenset[str]:
    """The functions whose calls are worth a fork, also because of what they apply."""
    users: dict[str, set[str]] = {}
    for name, function in program.functions.items():
        for found in references_of(function.body):
            users.setdefault(found, set()).add(name)
        for operation in ir.operations_of(function.body):
            if isinstance(operation, ir.Apply):
                for item in flow.objects_in(flow.of(operation.function)):
                    if isinstance(item, Given):
                        users.setdefault(item.function, set()).add(name)
    return frozenset(reached(heavy_functions(program), lambda name: users.get(name, ())))


class _Forking:
    def __init__(self, program: ir.Program, flow: Flow, heavy: frozenset[str]) -> None:
        self.program = program
        self.flow = flow
        self.heavy = heavy

    def block(self, block: Block) -> Block:
        """A block with its forks."""
        bindings: list[Binding] = []
        group: list[Binding] = []
        made: set[str] = set()
        for binding in block.bindings:
            if isinstance(binding.operation, ir.Nested):
                binding = replace(binding, operation=ir.Nested(self.block(binding.operation.block)))
            needs = used_by(binding.operation)
            if not self.is_heavy(binding) or needs & made or len(group) == MAX_CALLS:
                bindings += self.forked(group)
                group, made = [], set()
            if self.is_heavy(binding):
                group.append(binding)
                made.update(binding.names)
            else:
                bindings.append(binding)
        bindings += self.forked(group)
        return Block(tuple(bindings), ir.map_blocks(block.end, self.block))

    def is_heavy(self, binding: Binding) -> bool:
        """Whether a binding may take long."""
        match binding.operation:
            case ir.Call(name):
                return name in self.heavy
            case ir.Apply(function):
                return any(isinstance(item, Given) and item.function in self.heavy
                           for item in self.flow.objects_in(self.flow.of(function)))
            case ir.Nested(block):
                inner = [step for part in ir.blocks_within(block)
                         for step in (*part.bindings, *((Binding(('',), part.end.operation),)
                                                        if isinstance(part.end, ir.Do) else ()))]
                return any(self.is_heavy(step) for step in inner if not isinstance(step.operation, ir.Nested))
            case _:
                return False

    def forked(self, group: list[Binding]) -> list[Binding]:
        """A group of bindings that do not need each other as a fork, if it can be one."""
        tasks = [item for item in group if isinstance(item.operation, ir.Call)
                 and len(item.operation.arguments) <= MAX_ARGUMENTS]
        others = [item for item in group if item not in tasks]
        if not tasks or len(group) < 2 or len(others) > 1:
            return group
        first = others[0] if others else tasks.pop(0)
        operation = first.operation
        assert isinstance(operation, ir.Call | ir.Apply | ir.Nested)
        calls = tuple(item.operation for item in tasks if isinstance(item.operation, ir.Call))
        names = tuple(name for item in (first, *tasks) for name in item.names)
        return [Binding(names, ir.Fork(operation, calls))]
