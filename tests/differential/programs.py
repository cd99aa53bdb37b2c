"""Programs through this project and the reference: what each says, and how that differs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.desugar.references import reachable
from bend.desugar.terms import children, subterms, unapply
from bend.diagnostics import BendError
from bend.driver import Request, compile_source
from bend.hvm.readback import book_info, readback
from bend.hvm.reduce import OutOfBudget, reduce
from bend.hvm.show import show_main
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source
from tests.differential.reference import Reference, Verdict

BUDGET = 100_000
"""How many interactions a program may take here. The reference has much more, but less time."""
NON_TRIVIAL = 30

GENERATED = 'results with functions or constants that the compiler made'
"""The reference prints definitions made by floating as they were desugared, here they are read back like the rest
(docs/differences.md, Results). Without floating both must print the same, if they end."""
NESTED = 'nested patterns, to which the reference gives a flat type'
SCOPES = "'fork' or 'wrap', which the reference does not see in local functions and folds"
KEYWORDS = 'named arguments, with which the reference crashes'
KNOWN = (GENERATED, NESTED, SCOPES, KEYWORDS)
"""Causes of differences that are meant to be (docs/differences.md)."""

_REFUSALS = {
    SCOPES: r"Unbound variable '(fork|wrap)'",
    KEYWORDS: r'to_fun\.rs.*\s*assertion failed: kwargs\.is_empty\(\)',
}
"""What the reference says of programs that only it refuses."""

_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![A-Za-z0-9_./])[a-z]+(?![A-Za-z0-9_./-])')
_WORDS = frozenset(('let', 'use', 'match', 'switch', 'if', 'else', 'fold', 'bend', 'when', 'with', 'open', 'def'))


@dataclass(frozen=True, slots=True)
class Sample:
    """What this project says of a program, and what the program reaches (`FEATURES`)."""

    verdict: Verdict
    features: frozenset[str] = field(default=frozenset())

    @property
    def counts(self) -> bool:
        """Whether the interactions can be compared. Functions of the prelude are written differently here, and the
        order in which the reference passes variables to folds varies from run to run (spec 02, section 3.9)."""
        return self.features.isdisjoint(('prelude', 'folds'))


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference: its cause in words, which is the same for differences that look alike, and both verdicts."""

    cause: str
    ours: Verdict
    theirs: Verdict


def sample(text: str, files: Cache, *, floating: bool = True) -> Sample:
    """Compiles a program with the optimisations of `bend run-c`, but without a type check, and reduces its nets."""
    return with_deep_stack(lambda: _sample(text, files, floating))


def _sample(text: str, files: Cache, floating: bool) -> Sample:
    options = Options(type_check=False, float_combinators=floating)
    request = Request(Source('program.bend', text), options, RUN_SEVERITIES, is_run=True)
    try:
        compiled = compile_source(request, PassManager(options), files)
    except BendError as problem:
        return Sample(Verdict('refused', '\n'.join(f'{item.code}: {item.message}' for item in problem.diagnostics)))
    nets = compiled.final_nets
    try:
        result = reduce(nets, BUDGET)
    except OutOfBudget:
        return Sample(Verdict('slow'))
    except BendError as problem:
        return Sample(Verdict('failed', problem.diagnostics[0].message))
    info = book_info(compiled.book, nets)
    shown = show_main(readback(result.net, info), 'lambda', False, info) or ''
    features = {'ends', *(name for name, has in FEATURES.items() if any(map(has, _bodies(compiled.book))))}
    if '__' in (show_main(readback(result.net, replace(info, floated=frozenset())), 'lambda', False, info) or ''):
        features.add('generated')
    if result.interactions > NON_TRIVIAL:
        features.add('non-trivial')
    if result.by_rule['commute']:
        features.add('sharing')
    return Sample(Verdict('value', shown, result.interactions), frozenset(features))


def checked(text: str, files: Cache) -> Verdict:
    """The verdict of a check, with types."""
    options = Options()
    try:
        compile_source(Request(Source('program.bend', text), options), PassManager(options), files, engine=None)
    except BendError as problem:
        return Verdict('refused', '\n'.join(f'{item.code}: {item.message}' for item in problem.diagnostics))
    return Verdict('value')


# ---- features --------------------------------------------------------------------------------


def _bodies(book: core.Book) -> list[core.Def]:
    """The definitions that `main` reaches."""
    assert book.entry is not None
    names = reachable(book, [book.entry])
    return [definition for name, definition in book.defs.items() if name in names]


def _applies_variable(definition: core.Def) -> bool:
    """Whether a function that came from elsewhere is called."""
    return any(isinstance(term, core.App) and isinstance(unapply(term)[0], core.Var)
               for term in subterms(definition.body))


def _forks(definition: core.Def) -> bool:
    """Whether two calls could go on side by side."""
    def calls(term: core.Term) -> bool:
        return any(isinstance(part, core.App) and isinstance(part.function, core.Ref) for part in subterms(term))

    return any(sum(map(calls, children(term))) > 1 for term in subterms(definition.body)
               if isinstance(term, core.App | core.Op | core.Tup))


def _copies(definition: core.Def) -> bool:
    """Whether a value is copied."""
    return any(isinstance(term, core.Let) and isinstance(term.pattern, core.PDup) for term in subterms(definition.body))


FEATURES: dict[str, Callable[[core.Def], bool]] = {
    'closures': _applies_variable,
    'forks': _forks,
    'copies': _copies,
    'matches': lambda definition: any(isinstance(term, core.Match) for term in subterms(definition.body)),
    'folds': lambda definition: '__fold' in definition.name,
    'bends': lambda definition: '__bend' in definition.name,
    'maps': lambda definition: definition.name.startswith('Map/'),
    'prelude': lambda definition: definition.builtin,
}
"""What a definition that is reached may have. (`ends`, `non-trivial` and `sharing`, which is the copying of more than
a number while the program runs, are known from the run.)"""


# ---- comparing -------------------------------------------------------------------------------


def check_difference(text: str, files: Cache, reference: Reference) -> Difference | None:
    """How the verdicts of the checks differ. Where the reference's crashes there is nothing to compare."""
    theirs = reference.check(text)
    ours = checked(text, files)
    if theirs.kind in ('slow', 'failed', ours.kind):
        return None
    said = theirs if theirs.kind == 'refused' else ours
    if ours.kind == 'value' and (known := _refusal(theirs)) is not None:
        return Difference(known, ours, theirs)
    here, there = ('accepted' if verdict.kind == 'value' else 'refused' for verdict in (ours, theirs))
    return Difference(f'check: {here} here, {there} there: {_masked(said.text)}', ours, theirs)


def _differ_without_floating(text: str, files: Cache, reference: Reference) -> bool:
    """Whether results differ when nothing is floated; few programs have no end then."""
    ours = sample(text, files, floating=False).verdict
    theirs = reference.run(text, 'no-float-combinators')
    return ours.kind == theirs.kind == 'value' and same_names(ours.text) != same_names(theirs.text)


def difference(text: str, sampled: Sample, files: Cache, reference: Reference) -> Difference | None:
    """How the reference's run differs. What takes too long on either side is not compared."""
    ours = sampled.verdict
    if ours.kind == 'slow':
        return None
    theirs = reference.run(text)
    if theirs.kind == 'slow':
        return None
    if ours.kind == 'value' and (known := _refusal(theirs)) is not None:
        return Difference(known, ours, theirs)
    if 'panicked at' in theirs.text:
        return Difference(f'{ours.kind} here, there a crash: {_panic(theirs.text)}', ours, theirs)
    if ours.kind != theirs.kind:
        said = theirs if theirs.kind == 'refused' else ours
        return Difference(f'{ours.kind} here, {theirs.kind} there: {_masked(said.text)}', ours, theirs)
    if ours.kind == 'value':
        if same_names(ours.text) != same_names(theirs.text):
            made = 'generated' in sampled.features and not _differ_without_floating(text, files, reference)
            return Difference(GENERATED if made else 'results', ours, theirs)
        if sampled.counts and ours.interactions != theirs.interactions:
            return Difference('interactions', ours, theirs)
    return None


def same_names(result: str) -> str:
    """A printed result with its variables named in the order in which they occur."""
    names: dict[str, str] = {}

    def rename(found: re.Match[str]) -> str:
        name = found.group()
        return name if name.startswith('"') or name in _WORDS else names.setdefault(name, f'v{len(names)}')

    return _NAME.sub(rename, result)


def _refusal(theirs: Verdict) -> str | None:
    """The known cause for which the reference refuses a program, or crashes."""
    tuples = re.search(r"Can't unify '\((.*)\)' and '\((.*)\)'", theirs.text)
    if tuples is not None and _parts(tuples[1]) < _parts(tuples[2]):
        return NESTED
    return next((cause for cause, message in _REFUSALS.items() if re.search(message, theirs.text)), None)


def _parts(elements: str) -> int:
    """How many types stand between commas, outside of inner parentheses."""
    inner = re.compile(r'\([^()]*\)')
    while inner.search(elements):
        elements = inner.sub('', elements)
    return elements.count(',') + 1


def _panic(message: str) -> str:
    """Where the reference crashed."""
    found = re.search(r'/src/(\S+?):\d+:\d+:\s+(.{0,40})', message)
    return f'{found[1]}, {found[2]}' if found else 'somewhere'


def _masked(message: str) -> str:
    """The last line of a message without what is special to a program."""
    last = message.splitlines()[-1] if message else ''
    last = re.sub(r"(Can't unify) .*", r'\1 ...', last)
    return re.sub(r"'[^']*'|\d+", '_', last).strip()[:120]
