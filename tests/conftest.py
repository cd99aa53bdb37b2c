"""Options of the test suite, and how programs are compiled in it.

Optimising native code, mostly that of the kernel, would take most of the suite's time. So tests compile without it,
except for those that are marked as `optimised`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from bend.runtime import jit


def pytest_configure(config: pytest.Config) -> None:
    """Lets interrupts through to this process and its children; those in the background of a shell ignore them. How
    long an example takes depends on what else the machine does, so that no test of hypothesis has a deadline."""
    settings.register_profile('bend', deadline=None)
    settings.load_profile('bend')
    config.addinivalue_line('markers', 'optimised: compiles native code as users get it')
    config.addinivalue_line('markers', 'llvm: is about what only the LLVM emitter does')
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files of `tests/golden` instead of comparing with them; `--emitter` takes
    tests/codegen through C or CUDA C++; `--all-device-nets` takes all golden programs through tests/gpu_net;
    `--reference-path` and `--hvm-path` tell `tests/reference` where the reference's programs are; `--workloads` names a
    folder with larger programs."""
    parser.addoption('--update-golden', action='store_true', default=False,
                     help='write the expected outputs of tests/golden, and remove those without a source')
    parser.addoption('--reference-path', metavar='DIRECTORY',
                     help="a checkout of the reference's repository, for tests/reference (default: $BEND_REFERENCE)")
    parser.addoption('--all-device-nets', action='store_true', default=False,
                     help='take all golden programs through the emulated GPU in tests/gpu_net, not a sample')
    parser.addoption('--emitter', choices=('llvm', 'c', 'cu'), default='llvm',
                     help='what tests/codegen makes native code with: LLVM, or C or CUDA C++ and a compiler')
    parser.addoption('--workloads', metavar='DIRECTORY',
                     help='programs with a table of results, workloads.tsv, for tests/direct')
    parser.addoption('--hvm-path', metavar='DIRECTORY',
                     help='a checkout of the repository of HVM2, for tests/reference (default: $HVM_REFERENCE)')


@pytest.fixture(autouse=True)
def _quick_code(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiles without optimisation, unless the test is marked, and keeps the code apart from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        folder = 'optimised'
        if request.node.get_closest_marker('optimised') is None:
            folder = 'quick'
            patch.setattr(jit, 'USUAL_LEVEL', 0)
        # Processes that share the work share what they compile.
        root = tmp_path_factory.getbasetemp()
        root = root.parent if 'PYTEST_XDIST_WORKER' in os.environ else root
        patch.setenv('BEND_CACHE_DIR', str(root / f'{folder}-code'))
        yield
