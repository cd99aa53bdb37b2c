"""`bend doctor`, and `run-cu` where there is no GPU: what is found, and what is said about what is not."""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bend.cli import doctor
from bend.runtime import gpu, gpu_device
from bend.runtime.cache import Cache
from bend.runtime.gpu_device import GpuUnavailable
from bend.runtime.gpu_record import Record
from bend.runtime.gpu_trial import KERNEL
from tests.gpu.fake_driver import GTX_1080, H100, FakeCuda, FakeDriver, fake_numba

Command = Callable[..., Any]
Write = Callable[[str], str]


def install(monkeypatch: pytest.MonkeyPatch, driver: FakeDriver | None, cuda: FakeCuda | None) -> None:
    """Has a driver and numba found, or not."""
    def load() -> Any:
        if driver is None:
            raise GpuUnavailable('There is no NVIDIA driver (not found).', 'Install it.')
        return driver

    for module in (doctor, gpu_device, gpu):
        monkeypatch.setattr(module, 'load_driver', load)
    monkeypatch.setitem(sys.modules, 'numba', None if cuda is None else fake_numba(cuda))
    monkeypatch.setattr(gpu_device, 'PACKAGES', ('numpy', 'numba') if cuda is not None else ('numpy', 'no_such_numba'))


def working_driver() -> FakeDriver:
    """One with a GPU on which the trial comes out right."""
    from bend.codegen.pylir import compile_kernel
    layout = Record(compile_kernel([KERNEL / 'trial.py', KERNEL / 'device.py']), 'TrialRecord')

    def run(blocks: int, threads: int, address: int) -> None:
        layout.data[:] = ctypes.string_at(address, len(layout.data))
        rounds = layout['trial.rounds']
        ctypes.c_uint64.from_address(layout['trial.launch.progress']).value = rounds
        layout['trial.total'] = rounds * (blocks * threads) * (blocks * threads + 1) // 2
        layout['trial.nanoseconds'] = 2000 * 2 * rounds
        ctypes.memmove(address, bytes(layout.data), len(layout.data))

    return FakeDriver({'GTX 1080': GTX_1080, 'H100': H100}, run=run)


def states(checks: tuple[doctor.Check, ...]) -> dict[str, str]:
    """What was found, but for the C compiler, which machines for tests may have or not."""
    return {check.name: check.state for check in checks if check.name != 'compiler'}


GOOD = {'python': 'ok', 'llvm': 'ok', 'cores': 'ok', 'cache': 'ok'}


def test_without_a_gpu(bend: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None, None)
    outcome = bend('doctor')
    assert (outcome.code, outcome.err) == (0, '')
    lines = outcome.out.splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [['ok', name] for name in GOOD]
    assert 'missing  driver    There is no NVIDIA driver (not found).' in lines
    assert f'{"":19}Install it.' in lines
    assert "pip install numba 'numba-cuda[cu12]'" in outcome.out
    assert lines[-1] == 'Programs run on all cores. There is no GPU that can be used.'


def test_as_json(bend: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, FakeDriver({'GTX 1080': GTX_1080}), None)
    outcome = bend('doctor', '--json')
    assert outcome.code == 0
    found = json.loads(outcome.out)
    assert (found['healthy'], found['gpu']) == (True, False)
    checks = {check['name']: check for check in found['checks']}
    assert checks['driver']['cuda'] == '12.8'
    assert checks['gpu']['state'] == 'missing'
    assert checks['gpu']['devices'][0]['name'] == 'GTX 1080'
    assert 'too old' in checks['gpu']['devices'][0]['fault']
    assert checks['python']['version'] == '.'.join(map(str, sys.version_info[:3]))
    assert checks['llvm']['hint'] is None


def test_with_a_gpu(bend: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, working_driver(), FakeCuda())
    outcome = bend('doctor')
    assert outcome.code == 0
    assert 'ok       gpu       H100 (of 2), compute capability 9.0, 132 multiprocessors, 80 GB' in outcome.out
    assert ('ok       trial     264 blocks of 256 threads added up, and waited for each other 200 times, for 2.0 µs on '
            'average') in outcome.out
    assert outcome.out.endswith('Programs run on all cores, and on the GPU.\n')


def test_a_gpu_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    driver = FakeDriver({'H100': H100})
    driver.problems['cuMemAlloc_v2'] = 2
    install(monkeypatch, driver, FakeCuda())
    checks = doctor.examine(Cache(tmp_path))
    assert states(checks) == {**GOOD, 'driver': 'ok', 'gpu': 'ok', 'packages': 'ok', 'trial': 'broken'}
    assert checks[-1].text == 'The GPU ran out of memory.'
    assert doctor.is_healthy(checks)
    assert not doctor.has_gpu(checks)


def test_without_llvm(bend: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None, None)
    monkeypatch.setitem(sys.modules, 'llvmlite', None)
    outcome = bend('doctor')
    assert outcome.code == 1
    assert 'broken   llvm      llvmlite makes no native code: ModuleNotFoundError' in outcome.out
    assert 'pip install --force-reinstall llvmlite' in outcome.out
    assert outcome.out.endswith('Programs cannot run here.\n')


def test_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, None, None)
    occupied = tmp_path / 'file'
    occupied.touch()
    for directory, state in ((None, 'off'), (occupied / 'cache', 'broken'), (tmp_path / 'new', 'ok')):
        checks = doctor.examine(Cache(directory))
        assert states(checks)['cache'] == state
        assert doctor.is_healthy(checks)


# ---- run-cu ----------------------------------------------------------------------------------

PROGRAM = 'main = (+ 1 2)'


def test_run_cu_needs_a_gpu(bend: Command, program: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None, None)
    outcome = bend('run-cu', program(PROGRAM))
    assert (outcome.code, outcome.out) == (1, '')
    assert outcome.err.startswith('error[gpu-unavailable]: There is no NVIDIA driver (not found).\n')
    assert 'hint: Install it. `bend doctor` tells more.' in outcome.err


def test_run_cu_needs_packages(bend: Command, program: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, FakeDriver({'H100': H100}), None)
    outcome = bend('run-cu', program(PROGRAM))
    assert outcome.code == 1
    assert 'Python packages are missing for the GPU: no_such_numba.' in outcome.err
    assert 'pip install numba' in outcome.err


def test_fallback(bend: Command, hvm: Command, program: Write, tmp_path: Path,
                  monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None, None)
    nets = tmp_path / 'nets.hvm'
    nets.write_text('@main = 3\n', encoding='utf-8')
    for outcome, warning in ((bend('run-cu', program(PROGRAM), '--fallback', 'cpu'), 'gpu-unavailable]: There is no N'),
                             (hvm('run-cu', nets, '--fallback', 'cpu'), 'gpu-unavailable]: There is no N')):
        assert (outcome.code, outcome.out) == (0, 'Result: 3\n')
        assert outcome.err.startswith(f'warning[{warning}')


def test_there_is_one_fallback(bend: Command, program: Write) -> None:
    outcome = bend('run-cu', program(PROGRAM), '--fallback', 'gpu')
    assert outcome.code == 2
    assert "There is no other way to run 'gpu'." in outcome.err


@pytest.mark.parametrize(('compiler', 'state', 'text'), [
    ('no-such-compiler', 'missing', "The C compiler 'no-such-compiler', which the environment variable CC names"),
    ('false', 'broken', 'The C compiler failed (false main.c '),
])
def test_a_c_compiler_that_is_missing_or_fails(compiler: str, state: str, text: str, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs run all the same."""
    monkeypatch.setenv('CC', compiler)
    checks = doctor.examine(Cache(tmp_path))
    found = next(check for check in checks if check.name == 'compiler')
    assert (found.state, found.text.startswith(text)) == (state, True)
    assert found.hint
    assert doctor.is_healthy(checks)
