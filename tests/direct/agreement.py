"""What a program gives on nets, and what the direct engine makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bend.codegen.direct.choice import choose
from bend.codegen.direct.compile import compile_direct
from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.diagnostics import BendError, Report
from bend.driver import Request, compile_source, compile_to_nets
from bend.hvm import net
from bend.hvm.readback import BookInfo, book_info, readback
from bend.hvm.reduce import OutOfBudget, reduce
from bend.hvm.show import show_main
from bend.options import RUN_SEVERITIES, Options, Readback
from bend.passes import PassManager
from bend.running import Resources
from bend.running_direct import NeedsNets, Reading, execute_direct
from bend.runtime.cache import Cache
from bend.runtime.direct.encode_result import evaluate
from bend.runtime.direct.program import DirectProgram
from bend.runtime.direct.values import MaybeCopied, WrongShape
from bend.source import Source
from tests.direct.printed import canonical

BUDGET = 100_000
"""Interactions of nets, and calls of the evaluator, of which there are always fewer."""
MEMORY = 512 << 20
FORMS: tuple[Readback, ...] = ('default', 'lambda')


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an engine says: `value` with the texts in both forms, `failed` with the code of an error, `slow`, or
    `nets` where the direct engine cannot go on."""

    kind: str
    texts: tuple[str, ...] = ()
    code: str = ''


@dataclass
class Sample:
    """A program on its way to the engines."""

    text: str
    files: Cache
    options: Options = field(default_factory=Options)

    @cached_property
    def book(self) -> core.Book:
        """The final core, which all engines read. Raises `BendError`."""
        request = Request(Source('program.bend', self.text), self.options, RUN_SEVERITIES, is_run=True)
        return compile_source(request, PassManager(self.options), self.files, None).book

    @cached_property
    def is_direct(self) -> bool:
        """Whether the direct engine may run the program."""
        return with_deep_stack(lambda: choose(self.book).choice.engine == 'direct')

    @cached_property
    def nets(self) -> net.Book:
        """The nets that run."""
        return with_deep_stack(lambda: compile_to_nets(self.book, Report(), PassManager(self.options)))

    @cached_property
    def info(self) -> BookInfo:
        """What readback knows."""
        return book_info(self.book, self.nets, self.options.encoding)

    def program(self, parallel: bool) -> DirectProgram:
        """Native code of the direct engine, not optimised."""
        return with_deep_stack(lambda: compile_direct(self.book, parallel=parallel, eta=self.options.eta,
                                                      opt_level=0))


def on_nets(sample: Sample) -> Verdict:
    """What the reducer gives. In the default form, folded references are run once."""
    def expand(name: str) -> net.Net | None:
        try:
            return reduce(net.Book({**sample.nets.defs, 'main': sample.nets.defs[name]}), BUDGET).net
        except BendError:
            return None

    def run() -> Verdict:
        result = reduce(sample.nets, BUDGET).net
        terms = (readback(result, sample.info, expand), readback(result, sample.info))
        return Verdict('value', tuple(canonical(show_main(term, form, False, sample.info) or '')
                                      for term, form in zip(terms, FORMS, strict=True)))

    return _verdict(run)


def evaluated(sample: Sample) -> Verdict:
    """What the evaluator in Python gives."""
    def run() -> Verdict:
        return Verdict('value', tuple(
            canonical(show_main(evaluate(sample.book, 'main', sample.options, form, budget=BUDGET), form, False,
                                sample.info) or '') for form in FORMS))

    return _verdict(run)


def native(sample: Sample, program: DirectProgram, threads: int) -> Verdict:
    """What the compiled program gives."""
    def run() -> Verdict:
        result = execute_direct(program, Resources(threads, MEMORY), Reading(sample.options, FORMS))
        return Verdict('value', tuple(canonical(show_main(result.terms[form][0], form, False, sample.info) or '')
                                      for form in FORMS))

    return _verdict(run)


def _verdict(run: Callable[[], Verdict]) -> Verdict:
    try:
        return with_deep_stack(run)
    except (MaybeCopied, NeedsNets, WrongShape):
        return Verdict('nets')
    except OutOfBudget:
        return Verdict('slow')
    except BendError as problem:
        code = problem.diagnostics[0].code
        return Verdict('slow' if code == 'out-of-budget' else 'failed', code=code)


def differences(sample: Sample, is_native: bool = True) -> Mapping[str, Verdict]:
    """Who differs from nets where these end, and what they say. Nets may be needed for what only they know."""
    expected = on_nets(sample)
    if expected.kind == 'slow' or not sample.is_direct:
        return {}
    found = {'evaluator': evaluated(sample)}
    if is_native:
        for parallel in (False, True):
            program = sample.program(parallel)
            for threads in (1, 2) if parallel else (1,):
                found[f'{threads} threads{", parallel" if parallel else ""}'] = native(sample, program, threads)
    wrong = {who: verdict for who, verdict in found.items() if verdict != expected and verdict.kind != 'nets'}
    # A division by zero whose result nobody needs may be skipped.
    if expected.kind == 'failed':
        wrong = {who: verdict for who, verdict in wrong.items() if verdict.kind != 'value'}
    return {'nets': expected, **wrong} if wrong else {}
