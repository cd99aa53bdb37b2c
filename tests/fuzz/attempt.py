"""One text through the whole front end, and what counts as a mistake of ours."""

from __future__ import annotations

import traceback
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from bend.cli.render import render
from bend.diagnostics import BendError
from bend.driver import Request, compile_source
from bend.options import CHECK_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source
from bend.syntax.parser import parse_module


@cache
def _files() -> Cache:
    return Cache(Path(mkdtemp(prefix='bend-fuzz-')))


def outcome(text: str, validating: bool) -> str:
    """`accepted`, or the code of the first error. Any exception but a `BendError` is a mistake, and so is a diagnostic
    that cannot be shown. `validating` has books checked after each pass."""
    source = Source('fuzz.bend', text)
    try:
        parse_module(source)
    except BendError as problem:
        return _shown(problem)
    except RecursionError:
        pass  # compiling has more room
    manager = PassManager(Options(), validating=validating)
    try:
        compile_source(Request(source, manager.options, CHECK_SEVERITIES), manager, _files())
    except BendError as problem:
        return _shown(problem)
    return 'accepted'


def _shown(problem: BendError) -> str:
    text = render(problem.diagnostics)
    first = problem.diagnostics[0]
    assert first.message and text
    assert first.code != 'out-of-memory', text
    return first.code


def result(text: str, validating: bool = True) -> tuple[str, str]:
    """The outcome of a text, and if it has none the mistake: the exception and where it came from."""
    try:
        return outcome(text, validating), ''
    except Exception as problem:
        cause = problem.__cause__ or problem
        last = traceback.extract_tb(cause.__traceback__)[-1]
        return '', f'{type(cause).__name__} in {last.name} ({Path(last.filename).name}): {str(problem)[:200]}'
