"""The page on the standard library is made of the library's comments, and the examples in these are true.

`pytest tests/docs --update-golden` makes the page anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bend import compiling, driver, running
from bend.options import RUN_SEVERITIES
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'docs'))
from make_stdlib import PAGE, modules, page

ITEMS = [item for module in modules() for item in module.items]
EXAMPLES = [(item.name, *example) for item in ITEMS for example in item.examples]


def test_page_is_fresh(request: pytest.FixtureRequest) -> None:
    """The page is what the comments make of it."""
    if request.config.getoption('--update-golden'):
        PAGE.write_text(page(), encoding='utf-8')
    assert PAGE.read_text(encoding='utf-8') == page(), 'run `python docs/make_stdlib.py`'


@pytest.mark.parametrize('item', [item for item in ITEMS if not item.is_type], ids=lambda item: item.name)
def test_every_function_has_a_comment(item: object) -> None:
    """Nothing in the library is without explanation."""
    assert getattr(item, 'comment', '')


@pytest.fixture(scope='module')
def value() -> Callable[[int, str], str]:
    """Gives the printed value of one side of an example; one program holds them all."""
    names = [f'{side}_{number}' for number in range(len(EXAMPLES)) for side in ('left', 'right')]
    sides = [side for _, *both in EXAMPLES for side in both]
    functions = ''.join(f'def {name}:\n  return {side}\n\n' for name, side in zip(names, sides, strict=True))
    # What is passed to a variable stays a reference, so that each side can be run on its own.
    main = f'def main(f):\n  return f({", ".join(names)})\n'
    request = driver.Request(Source('examples.bend', functions + main), severities=RUN_SEVERITIES, is_run=True)
    manager = PassManager(request.options)
    program = compiling.compile_program(request, 'reference', manager, Cache.of_user(), cached=False)

    def show(number: int, side: str) -> str:
        resources = running.Resources()
        result = running.execute(program.artifact, program.engine, resources, f'{side}_{number}')
        text, _ = running.show_result(program, result, resources, 'default', False)
        return text or ''

    return show


@pytest.mark.parametrize('number', range(len(EXAMPLES)), ids=lambda number: EXAMPLES[number][1])
def test_example(number: int, value: Callable[[int, str], str]) -> None:
    """Both sides of an example have the same value."""
    assert value(number, 'left') == value(number, 'right')
