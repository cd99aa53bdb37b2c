"""The native net engine gives what the Python reducer gives, results and counts, at any number of threads. Programs
that count by rule give the same counts of each rule.

Books are compiled many at a time, since compiling is what takes the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bend.codegen.nets import compile_program
from bend.diagnostics import BendError
from bend.hvm import net
from bend.hvm.compare import same_tree
from bend.hvm.reduce import Result, reduce
from bend.hvm.text import print_book
from bend.hvm.walk import map_leaves
from bend.runtime import cpu
from tests.hvm.strategies import books, layered_books

pytestmark = pytest.mark.usefixtures('threads_from_the_beginning')
BUDGET = 20_000
THREADS = (1, 2, 8)


def renamed(body: net.Net, change: Callable[[str], str]) -> net.Net:
    """A definition with all its references under other names."""
    return map_leaves(body, lambda leaf: net.Ref(change(leaf.name)) if isinstance(leaf, net.Ref) else leaf)


def reference_result(book: net.Book) -> Result | None:
    """What the reducer gives, if it ends within the budget and without a division by zero."""
    try:
        return reduce(book, BUDGET)
    except BendError:
        return None


def assert_agreement(samples: Sequence[net.Book], by_rule: bool) -> None:
    """Compiles all books that end as one, runs each, and compares."""
    expected = {f'b{index}.': result for index, book in enumerate(samples)
                if (result := reference_result(book)) is not None}
    definitions: dict[str, net.Net] = {'main': net.Net(net.Era())}
    for prefix in expected:
        for name, body in samples[int(prefix[1:-1])].defs.items():
            definitions[prefix + name] = renamed(body, prefix.__add__)
    program = compile_program(net.Book(definitions), by_rule=by_rule)
    for prefix, result in expected.items():
        for threads in THREADS:
            native = cpu.run(program, threads, 1 << 30, entry=f'{prefix}main')
            given_net = renamed(native.net, lambda name, prefix=prefix: name.removeprefix(prefix))
            context = f'{threads} threads, {print_book(samples[int(prefix[1:-1])])}'
            assert same_tree(given_net.root, result.net.root), context
            assert native.interactions == result.interactions, context
            assert native.by_rule == (result.by_rule if by_rule else {}), context


# Shrinking would compile for minutes; the message names the book.
SLOW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck),
                phases=(Phase.explicit, Phase.reuse, Phase.generate))


@SLOW
@given(st.lists(layered_books(), min_size=20, max_size=20), st.booleans())
def test_random_books_without_recursion(samples: list[net.Book], by_rule: bool) -> None:
    assert_agreement(samples, by_rule)


@SLOW
@given(st.lists(books(), min_size=20, max_size=20), st.booleans())
def test_random_books_with_recursion(samples: list[net.Book], by_rule: bool) -> None:
    assert_agreement(samples, by_rule)
