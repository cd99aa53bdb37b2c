"""Nets on an emulated GPU: golden programs give the results, and by rule the counts, of the Python reducer.

All programs of a batch are compiled as one, since compiling is what takes the time. `--all-device-nets` takes all
golden programs instead of a sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bend.hvm import net
from bend.hvm.compare import same_tree
from bend.hvm.reduce import Result
from bend.runtime.cache import Cache
from bend.runtime.gpu import Grid
from bend.runtime.gpu_net import LinkedProgram, Tuning
from tests.golden.cases import find_cases
from tests.gpu_net.device import SMALL, link_for_cpu, with_device
from tests.hvm.strategies import books, layered_books
from tests.native.test_agreement import renamed
from tests.native.test_rules import nets_of, reduced

PROGRAMS = [case.source for case in find_cases() if case.stage_name in ('run', 'hvm')]
SAMPLE = 15
BATCH = 60
GRIDS = (Grid(2, 8, 16), Grid(1, 1, 16), Grid(5, 3, 16))
LARGE = Tuning(least=4, most=64, rounds=3)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes the batches of golden programs."""
    if 'batch' in metafunc.fixturenames:
        step = 1 if metafunc.config.getoption('--all-device-nets') else SAMPLE
        sample = PROGRAMS[step // 2::step]
        batches = [sample[start:start + BATCH] for start in range(0, len(sample), BATCH)]
        metafunc.parametrize('batch', batches, ids=range(len(batches)))


def together(samples: Sequence[net.Book]) -> tuple[net.Book, dict[str, Result]]:
    """One book of all those that end, and what they give, by the prefix of their names."""
    expected: dict[str, Result] = {}
    definitions: dict[str, net.Net] = {'main': net.Net(net.Era())}
    for index, book in enumerate(samples):
        result = reduced(book) if 'main' in book.defs else None
        if result is not None:
            prefix = f'b{index}.'
            expected[prefix] = result
            definitions |= {prefix + name: renamed(body, prefix.__add__) for name, body in book.defs.items()}
    return net.Book(definitions), expected


def assert_agreement(linked: LinkedProgram, expected: dict[str, Result]) -> None:
    """Runs all programs, and compares."""
    for prefix, result in expected.items():
        given_ = linked.run(f'{prefix}main').result
        assert given_.by_rule == result.by_rule, prefix
        assert given_.interactions == result.interactions
        tree = renamed(given_.net, lambda name, prefix=prefix: name.removeprefix(prefix)).root
        assert same_tree(tree, result.net.root), prefix


def test_golden_programs(batch: list[Path]) -> None:
    files = Cache.of_user()
    samples = [book for path in batch if (book := nets_of(path, files)) is not None]
    book, expected = together(samples)
    assert len(expected) > len(batch) / 2
    linked = link_for_cpu(book)
    for grid, tuning in zip(GRIDS, (SMALL, SMALL, LARGE), strict=True):
        assert_agreement(with_device(linked, grid=grid, tuning=tuning), expected)


def test_golden_programs_on_threads() -> None:
    """With a thread for each lane, which run in any order."""
    files = Cache.of_user()
    samples = [book for path in PROGRAMS[::97] if (book := nets_of(path, files)) is not None]
    book, expected = together(samples)
    assert len(expected) > 2
    assert_agreement(link_for_cpu(book, threaded=True), expected)


QUICK = settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck),
                 phases=(Phase.explicit, Phase.reuse, Phase.generate))


@QUICK
@given(st.lists(layered_books(), min_size=12, max_size=12), st.lists(books(), min_size=12, max_size=12))
def test_random_books(layered: list[net.Book], recursive: list[net.Book]) -> None:
    book, expected = together([*layered, *recursive])
    assert_agreement(link_for_cpu(book), expected)
