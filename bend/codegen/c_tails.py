"""Calls that take the place of their caller, for C, which does not promise any.

Functions that may call each other in a circle that way become one function of C, in which such a call is a jump. All
others nest no deeper than there are functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from bend.codegen import lir
from bend.codegen.lir_walk import statements_of
from bend.records import dataclass

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter of a group: its type, and which member's parameter it is, by the member's name. One that is the same
    all the time is `fixed`."""

    name: str
    type: lir.Type
    of: Mapping[str, str]
    fixed: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Functions that become one. `slots` are its parameters besides the number of the member that is called."""

    members: tuple[lir.Function, ...]
    slots: tuple[Slot, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the members."""
        return tuple(member.name for member in self.members)


def tail_groups(module: lir.Module, rare: Collection[Edge] = ()) -> list[Group]:
    """The groups of a module. `rare` calls, as caller and callee, may nest instead: they happen so seldom that no stack
    is too small for them."""
    functions = {function.name: function for function in module.functions}
    calls = {name: [callee for callee in _tail_calls(function) if (name, callee) not in rare]
             for name, function in functions.items()}
    return [_group([functions[name] for name in names]) for names in _components(calls)
            if len(names) > 1 or names[0] in calls[names[0]]]


def _tail_calls(function: lir.Function) -> Iterator[str]:
    """The functions that a function calls in its own place."""
    for statement in statements_of(function.body):
        if isinstance(statement, lir.Return) and isinstance(statement.value, lir.Call) and statement.value.tail:
            yield statement.value.function


def _components(graph: Mapping[str, list[str]]) -> list[list[str]]:
    """The strongly connected components, each in the order of the graph (Tarjan, without recursion)."""
    order = {name: index for index, name in enumerate(graph)}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_names: list[str] = []
    is_open: set[str] = set()
    found: list[list[str]] = []
    for root in graph:
        work = [(root, iter(graph[root]))] if root not in number else []
        while work:
            name, rest = work[-1]
            if name not in number:
                number[name] = low[name] = len(number)
                open_names.append(name)
                is_open.add(name)
            callee = next(rest, None)
            if callee is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    place = open_names.index(name)
                    found.append(sorted(open_names[place:], key=order.__getitem__))
                    is_open.difference_update(open_names[place:])
                    del open_names[place:]
            elif callee not in number:
                work.append((callee, iter(graph[callee])))
            elif callee in is_open:
                low[name] = min(low[name], number[callee])
    return found


def _group(members: list[lir.Function]) -> Group:
    """A group whose members share slots: the first parameter of a type takes the first slot of that type."""
    kinds: list[tuple[lir.Type, dict[str, str]]] = []
    for member in members:
        taken: set[int] = set()
        for name, type_ in member.parameters:
            place = next((index for index, (kind, _) in enumerate(kinds) if kind == type_ and index not in taken),
                         len(kinds))
            if place == len(kinds):
                kinds.append((type_, {}))
            kinds[place][1][member.name] = name
            taken.add(place)
    slots = [Slot(next(iter(of.values())), type_, of, _is_fixed(members, of)) for type_, of in kinds]
    return Group(tuple(members), tuple(slots))


def _is_fixed(members: list[lir.Function], of: Mapping[str, str]) -> bool:
    """Whether a parameter has one name in all members, and each passes it on to the others as it is."""
    name = next(iter(of.values()))
    if len(of) < len(members) or set(of.values()) != {name}:
        return False
    places = {member.name: [parameter for parameter, _ in member.parameters].index(name) for member in members}
    for member in members:
        for statement in statements_of(member.body):
            match statement:
                case lir.Assign(lir.Local(changed)) if changed == name:
                    return False
                case lir.Return(lir.Call(callee, arguments, tail=True)) if callee in places:
                    passed = arguments[places[callee]]
                    if not isinstance(passed, lir.Local) or passed.name != name:
                        return False
                case _:
                    pass
    return True
