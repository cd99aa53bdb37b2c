"""Functions of LIR taken apart at calls, and the states that come of it."""

from __future__ import annotations

import re
from dataclasses import replace

from bend.codegen import lir
from bend.codegen.direct.compile import analysed
from bend.codegen.direct.context import WORKER
from bend.codegen.lir_printer import print_function
from bend.codegen.states.blocks import Become, Branch, Flat, Give, Invoke, Jump
from bend.codegen.states.compile import STATES_PIPELINE, long_functions
from bend.codegen.states.flatten import flatten
from bend.codegen.states.layout import lay_out
from bend.codegen.states.liveness import live_at_start
from bend.codegen.states.loops import CHECK_AT_TIMES, TURNS, with_rare_checks
from bend.codegen.states.lower import lower_functions
from bend.codegen.states.widen import widen_forks
from bend.deep_stack import with_deep_stack
from tests.waves.device import book_of, devices, on_device, on_threads, program_of

A, B, X, Y = (lir.Local(name, lir.U64) for name in 'abxy')
STATES = frozenset({'f', 'g'})
PARAMETERS = ((WORKER.name, WORKER.type), ('a', lir.U64), ('b', lir.U64))


def function(name: str, *body: lir.Stmt) -> lir.Function:
    """A function of two words."""
    return lir.Function(name, PARAMETERS, lir.U64, body)


def call(name: str, *arguments: lir.Expr) -> lir.Call:
    """A call of such a function."""
    return lir.Call(name, (WORKER, *arguments), lir.U64)


def flat(*body: lir.Stmt) -> Flat:
    """The function `f` in blocks."""
    return flatten(function('f', *body), STATES, '')


def plus(left: lir.Expr, right: lir.Expr) -> lir.Expr:
    """A sum."""
    return lir.Binary('add', left, right)


def constant(value: int) -> lir.Const:
    """A word."""
    return lir.Const(value, lir.U64)


def test_splits_at_calls() -> None:
    found = flat(lir.Assign(X, call('g', A, B)), lir.Assign(Y, plus(X, B)), lir.Return(Y))
    first, second = found.blocks
    assert first.end == Invoke((X,), (call('g', A, B),), 1)
    assert (second.statements, second.end) == ((lir.Assign(Y, plus(X, B)),), Give(Y))
    assert live_at_start(found, WORKER.name) == [{A, B}, {X, B}]


def test_calls_inside_operands_come_before() -> None:
    found = flat(lir.Return(plus(call('g', A, B), B)))
    given = lir.Local('given.1', lir.U64)
    assert found.blocks[0].end == Invoke((given,), (call('g', A, B),), 1)
    assert found.blocks[1].end == Give(plus(given, B))


def test_last_calls_need_no_frame() -> None:
    assert flat(lir.Return(call('f', B, A))).blocks[0].end == Become(call('f', B, A))


def test_other_statements_stay_whole() -> None:
    """A loop without calls that matter is one statement, whatever it is made of."""
    loop = lir.While(lir.Compare('lt', X, B), (
        lir.If(lir.Compare('eq', X, A), (lir.Break(),)), lir.Assign(X, plus(X, constant(1))),
        lir.ExprStmt(call('other', X))))
    found = flat(lir.Assign(X, A), loop, lir.Return(X))
    assert [block.statements for block in found.blocks] == [(lir.Assign(X, A), loop)]
    assert live_at_start(found, WORKER.name) == [{A, B}]


def test_branches_with_calls() -> None:
    branch = lir.If(lir.Compare('eq', A, B), (lir.Assign(X, call('g', A, A)),), (lir.Assign(X, B),))
    found = flat(branch, lir.Return(plus(X, A)))
    assert found.blocks[0].end == Branch(branch.condition, 1, 2)
    ends = [block.end for block in found.blocks]
    assert ends[1] == Invoke((X,), (call('g', A, A),), 4) and ends[2] == ends[4] == Jump(3)
    machine = lay_out([found], {}, WORKER.name)
    number, live = machine.joins['f', 3]
    assert live == (A, X)
    waiting = machine.waiting['f', 1]
    assert (waiting.saved, waiting.slots, waiting.kept, waiting.frame_words, waiting.size) == ((A,), (1,), 1, 2, 1)
    assert len({number, *waiting.numbers, *machine.entries.values(), *machine.ends.values()}) == 4


def test_forks() -> None:
    """Calls wait together; what is done at once is done before."""
    fork = lir.Fork((X, Y, B), (call('g', A, A), call('other', A), call('f', A, B)))
    found = flat(fork, lir.Return(plus(plus(X, Y), B)))
    assert found.blocks[0].statements == (lir.Assign(Y, call('other', A)),)
    assert found.blocks[0].end == Invoke((X, B), (call('g', A, A), call('f', A, B)), 1)
    waiting = lay_out([found], {}, WORKER.name).waiting['f', 0]
    assert (waiting.saved, waiting.slots, waiting.arguments) == ((Y,), (1, 2), (0, 2))
    assert (waiting.kept, waiting.frame_words, waiting.size) == (2, 3, 4)


def test_constants_are_mostly_known() -> None:
    found = flatten(function('f', lir.Assign(X, call('constant', A)), lir.Return(X)), STATES | {'make_constant'}, '')
    assert found.blocks[0].statements == (lir.Assign(lir.Local('given.1', lir.U64), call('known_constant', A)),)
    assert sum(isinstance(block.end, Invoke) for block in found.blocks) == 1


def test_loops_look_rarely() -> None:
    look = lir.ExprStmt(lir.Call('check_loop', (WORKER,), lir.VOID))
    branch = lir.If(lir.Compare('eq', A, B), (lir.Return(A),))
    loop = lir.While(lir.Const(1, lir.BOOL), (look, branch))
    changed = with_rare_checks(function('f', loop)).body
    assert changed[0] == lir.Assign(TURNS, lir.Const(1, lir.U32))
    assert isinstance(changed[1], lir.While)
    count, rarely, rest = changed[1].body
    assert isinstance(count, lir.Assign) and count.target == TURNS and rest == branch
    assert isinstance(rarely, lir.If) and rarely.then == (CHECK_AT_TIMES,)
    plain = function('f', branch, lir.Return(B))
    assert with_rare_checks(plain) == plain


def test_functions_that_end_soon_are_no_states() -> None:
    functions = {item.name: item for item in (
        function('leaf', lir.Return(A)), function('calls', lir.Return(call('leaf', A, B))),
        function('loops', lir.Return(call('loops', A, B))), function('above', lir.Return(call('loops', A, B))),
        function('even', lir.Return(call('odd', A, B))), function('odd', lir.Return(call('even', A, B))),
        function('looks', lir.Return(call('constant', A))), function('make_constant', lir.Return(A)))}
    assert long_functions(functions) == {'loops', 'above', 'even', 'odd', 'looks', 'make_constant'}


def test_cells_are_loaded_before_any_is_closed() -> None:
    """Two tuples, and then both headers; what comes of these is one branch after the other."""
    text, result = '''
def zip(n, a, b):
  switch n:
    case 0:
      return (a + b, a)
    case _:
      (a.l, a.r) = a
      (b.l, b.r) = b
      return (zip(n-1, a.l, b.l), zip(n-1, b.r, a.r))

def main():
  return zip(2, ((1, 2), (3, 4)), ((30, 40), (50, 60)))
''', '(((31, 1), (42, 40)), ((53, 50), (64, 4)))'
    steps = tuple(step for step in STATES_PIPELINE if step is not widen_forks)
    front = with_deep_stack(lambda: analysed(book_of(text), steps, eta=True))
    lowered = {item.name: item for item in lower_functions(replace(front.context, forking=frozenset()))}
    printed = print_function(lowered['f.zip'])
    loads = [found.start() for found in re.finditer(r'header[.]\d+: u64 = u64', printed)]
    assert len(loads) == 2
    assert 'is_unique' not in printed and loads[1] < printed.index('release_shared')
    assert printed[:loads[0]].count('[2]') == 2 and '[2]' not in printed[loads[0]:loads[1]]
    assert on_threads(book_of(text)) == result
    for device in devices(program_of(text)).values():
        assert on_device(program_of(text), device) == result
