"""Closed terms are found by counting as they are by sets of names; large programs compile in one piece."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bend.desugar.measures import Measures
from bend.desugar.terms import free_unscoped, free_vars, subterms
from bend.driver import Request, compile_source
from bend.options import Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source
from tests.native.programs import program


def compiled(text: str, folder: Path) -> object:
    """The core of a program."""
    options = Options(type_check=False, float_combinators=False)
    request = Request(Source('program.bend', text), options)
    return compile_source(request, PassManager(options), Cache(folder), engine=None).book


@pytest.mark.parametrize('seed', range(6))
def test_terms_are_closed_if_nothing_is_free(seed: int, tmp_path: Path) -> None:
    book = compiled(program(Random(seed)), tmp_path)
    for definition in book.defs.values():  # type: ignore[attr-defined]
        measures = Measures()
        for term in subterms(definition.body):
            assert measures.is_closed(term) == (not free_vars(term) and not free_unscoped(term))


def test_unscoped_variables_take_part(tmp_path: Path) -> None:
    book = compiled('main = λ$x (λy y $x)\n', tmp_path)
    body = book.defs['main'].body  # type: ignore[attr-defined]
    measures = Measures()
    assert measures.is_closed(body)
    assert not measures.is_closed(body.body)


@pytest.mark.parametrize('text', [
    f'main = [{" ".join(["1"] * 8_000)}]\n',
    'def main():\n  x = 1\n' + '  x = x + 1\n' * 2_000 + '  return x\n',
    f'main = {"(" * 5_000}1{")" * 5_000}\n',
    '\n'.join([*(f'f {number} = {number}' for number in range(1_000)), 'f * = 0', 'main = (f 1)', '']),
], ids=['list', 'statements', 'parentheses', 'rules'])
def test_large_programs_compile(text: str, tmp_path: Path) -> None:
    assert compiled(text, tmp_path)
