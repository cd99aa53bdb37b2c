"""Which functions are taken to run a few times at most."""

from __future__ import annotations

import pytest

from bend.codegen.direct import ir
from bend.codegen.direct.seldom import FEW, seldom_functions


def program(**calls: str) -> ir.Program:
    """A program: of each function, what it refers to in turn. `*f` is a function as a value, `f` a call of it, and
    `=C` the value of a constant: names in capitals are constants."""
    functions = {}
    constants = ('main', *filter(str.isupper, calls))
    for name, references in calls.items():
        x = (ir.Var('x'),)
        bindings = [ir.Binding((f'{name}{index}',), ir.Partial(word[1:], x) if word[0] == '*' else
                               ir.Construct('List/Cons', (ir.Reference(word[1:]), *x)) if word[0] == '=' else
                               ir.Call(word, x))
                    for index, word in enumerate(references.split())]
        parameters = ('x',) if name not in constants else ()
        functions[name] = ir.Function(name, parameters, ir.Block(tuple(bindings), ir.Return(ir.Var('x'))), name)
    return ir.Program(functions, constants, {})


@pytest.mark.parametrize(('calls', 'seldom'), [
    ({'main': 'f f', 'f': 'g', 'g': ''}, {'main', 'f', 'g'}),
    ({'main': 'f', 'f': 'f g', 'g': ''}, {'main'}),
    ({'main': 'f h', 'f': 'g', 'g': 'f h', 'h': ''}, {'main'}),
    ({'main': '*f', 'f': 'g', 'g': ''}, {'main'}),
    ({'main': 'f', 'f': '*g', 'g': 'h', 'h': ''}, {'main', 'f'}),
    ({'main': 'f ' * FEW, 'f': 'g', 'g': ''}, {'main', 'f', 'g'}),
    ({'main': 'f ' * FEW, 'f': 'g g', 'g': ''}, {'main', 'f'}),
    ({'main': 'f', 'f': 'f =C', 'C': 'g', 'g': '=D =D', 'D': ''}, {'main', 'C', 'g', 'D'}),
    ({'main': 'f', 'f': 'f =C', 'C': 'g', 'g': 'g'}, {'main', 'C'}),
    ({'main': '=A', 'A': '=B ' * FEW, 'B': '=C ' * FEW, 'C': 'h', 'h': ''}, {'main', 'A', 'B', 'C', 'h'}),
])
def test_seldom(calls: dict[str, str], seldom: set[str]) -> None:
    assert seldom_functions(program(**calls)) == seldom
