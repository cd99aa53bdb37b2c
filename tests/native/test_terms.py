"""Random programs through the whole compiler: the native net engine gives what the Python reducer gives, and what the
printers print is read as the same.

Programs are compiled to native code many at a time and without optimisation, since that takes most of the time; the
books of `test_agreement` are optimised. Hypothesis draws the seeds of whole batches: the first is always 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings

from bend.codegen.nets import compile_program
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError
from bend.driver import Request, compile_source
from bend.hvm import net
from bend.hvm.compare import same_book, same_net, same_tree
from bend.hvm.readback import BookInfo, book_info, readback
from bend.hvm.reduce import Result, reduce
from bend.hvm.show import show_main
from bend.hvm.text import parse_book, parse_net, print_book, print_net
from bend.hvm.walk import subtrees
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from bend.runtime.cpu import NetProgram
from bend.source import Source
from bend.syntax import ast, printer
from bend.syntax.parser import parse_module
from tests.native.programs import batches, program, programs
from tests.native.test_agreement import renamed
from tests.syntax.shape import shape

BUDGET = 30_000
THREADS = (1, 2, 8)
pytestmark = pytest.mark.usefixtures('threads_from_the_beginning')
MEMORY = 1 << 30

Run = Callable[[str], Result | cpu.RunResult | None]


@dataclass(frozen=True, slots=True)
class Sample:
    """A compiled program, what readback must know of it, and what the reducer gives if it ends."""

    text: str
    nets: net.Book
    info: BookInfo
    expected: Result | None


def sample(text: str, files: Cache) -> Sample:
    """Compiles a program to nets and reduces these."""
    options = Options()
    request = Request(Source('program.bend', text), options, RUN_SEVERITIES, is_run=True)
    compiled = compile_source(request, PassManager(options), files)
    nets = compiled.final_nets
    return Sample(text, nets, book_info(compiled.book, nets), reduced(nets, 'main'))


def reduced(nets: net.Book, entry: str) -> Result | None:
    """What the reducer gives for a definition, if it ends within the budget and without a division by zero."""
    try:
        return reduce(replace(nets, defs={**nets.defs, 'main': nets.defs[entry]}), BUDGET)
    except BendError:
        return None


def printed(result: net.Net, info: BookInfo, run: Run) -> tuple[str | None, str | None]:
    """A result in both forms; in the default one, folded references are run once."""
    def expand(name: str) -> net.Net | None:
        expanded = run(name)
        return None if expanded is None else expanded.net

    return (show_main(readback(result, info, expand), 'default', False, info),
            show_main(readback(result, info), 'lambda', False, info))


def assert_agreement(samples: Sequence[Sample], opt_level: int = 0) -> None:
    """Builds all programs as one, runs each, and compares. The first keeps its names: the `main` of a book is not
    compiled, those of the others are."""
    prefixes = ['', *(f'p{index}.' for index in range(1, len(samples)))]
    definitions = {prefix + name: renamed(body, prefix.__add__) for prefix, item in zip(prefixes, samples, strict=True)
                   for name, body in item.nets.defs.items()}
    program = compile_program(net.Book(definitions), opt_level)
    for prefix, item in zip(prefixes, samples, strict=True):
        for threads in THREADS:
            assert_same(program, item, prefix, threads)


def assert_same(program: NetProgram, item: Sample, prefix: str, threads: int) -> None:
    """Runs one of several programs and compares."""
    def run_native(name: str) -> cpu.RunResult | None:
        # What does not end is not run.
        if run_reference(name) is None:
            return None
        result = cpu.run(program, threads, MEMORY, prefix + name)
        return replace(result, net=renamed(result.net, lambda name: name.removeprefix(prefix)))

    run_reference = cache(lambda name: reduced(item.nets, name))
    native, expected = run_native('main'), item.expected
    context = f'{threads} threads\n{item.text}'
    assert native is not None and expected is not None
    assert same_tree(native.net.root, expected.net.root), context
    assert native.interactions == expected.interactions, context
    assert printed(native.net, item.info, run_native) == printed(expected.net, item.info, run_reference), context


def assert_printed_nets_are_read(item: Sample) -> None:
    """The nets of a program, and its result, are the same after printing and parsing. Results with variables whose
    other ends are lost, as wild programs have them, are not nets."""
    text = print_book(item.nets)
    assert same_book(parse_book(Source('program.hvm', text)), item.nets), item.text
    if item.expected is not None and is_linear(item.expected.net):
        root = print_net(item.expected.net)
        assert same_net(parse_net(Source('result.hvm', root)), item.expected.net), item.text


def is_linear(read: net.Net) -> bool:
    """Whether each variable has two ends."""
    ends = Counter(tree.name for tree in subtrees(read.root) if isinstance(tree, net.Var))
    return set(ends.values()) <= {2}


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """A cache, for the prelude."""
    return Cache(tmp_path_factory.mktemp('cache'))


# Shrinking would compile for minutes; the message holds the program.
SLOW = settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck),
                phases=(Phase.explicit, Phase.reuse, Phase.generate))


@SLOW
@given(batches(8))
def test_native_programs_agree_with_the_reducer(files: Cache, texts: list[str]) -> None:
    samples = [sample(text, files) for text in texts]
    for item in samples:
        assert_printed_nets_are_read(item)
    ending = [item for item in samples if item.expected is not None]
    counts = [item.expected.interactions for item in ending if item.expected is not None]
    for interactions in counts:
        event(f'at least {10 ** (len(str(interactions)) - 1)} interactions')
    assert len(ending) >= 0.6 * len(samples), 'too few programs end'
    assert sum(interactions > 30 for interactions in counts) > len(samples) / 2, 'most programs do too little'
    with_deep_stack(lambda: assert_agreement(ending))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(programs)
def test_printed_programs_are_read(text: str) -> None:
    items = parse_module(Source('program.bend', text)).items
    printed_text = printer.print_module(ast.Module(Source('', ''), items))
    assert shape(parse_module(Source('printed.bend', printed_text)).items) == shape(items), printed_text


CONSTRUCTS = ('λ', 'lambda', 'let ', 'use ', 'if ', 'elif ', 'switch ', 'match ', 'fold ', 'bend ', 'fork', 'open ',
              'with ', 'ask ', ' <- ', 'def ', 'object ', 'type ', ' for ', '@=', '+=', ' -> ', '![', '"ab"', ' = {',
              '{ p: ')


def test_programs_have_everything() -> None:
    """Random programs are as varied as they are meant to be."""
    texts = [program(Random(seed)) for seed in range(300)]
    found = {construct: sum(construct in text for text in texts) for construct in CONSTRUCTS}
    assert min(found.values()) >= 5, found
