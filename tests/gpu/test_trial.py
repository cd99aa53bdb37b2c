"""The trial of GPUs: on threads of the system, in plain Python, and as PTX."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from bend.codegen.pylir import compile_kernel
from bend.runtime import gpu_trial
from bend.runtime.cache import Cache
from bend.runtime.gpu import Gpu, GpuFailure, Grid, Request, gpu_ptx
from bend.runtime.gpu_record import Record
from bend.runtime.gpu_trial import KERNEL, run_trial
from bend.runtime.kernel import model
from bend.runtime.kernel.gpu import trial
from tests.codegen.assembler import assemble
from tests.gpu import emulated
from tests.gpu.emulation import EmulatedGpu, EmulatedKernel

NO_CACHE = Cache(None)
DEVICE_MODULES = [KERNEL / 'trial.py', KERNEL / 'device.py']


def emulated_gpu() -> Gpu:
    return cast(Gpu, EmulatedGpu(KERNEL / 'trial.py'))


def test_the_trial_on_threads() -> None:
    result = run_trial(emulated_gpu(), NO_CACHE, Request(threads=32), rounds=4)
    assert (result.blocks, result.threads, result.waits) == (3, 32, 8)
    # The emulated clock counts the turns of the grid.
    assert result.seconds_of_wait == 1e-9


def test_one_block() -> None:
    assert run_trial(emulated_gpu(), NO_CACHE, Request(blocks=1, threads=64), rounds=3).blocks == 1


def test_an_interrupt_ends_the_launch() -> None:
    gpu = emulated_gpu()
    seen = []

    def interrupt(progress: int) -> None:
        seen.append(progress)
        if progress > 2:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run_trial(gpu, NO_CACHE, Request(blocks=2, threads=32), rounds=0, watch=interrupt)
    assert seen[-1] > 2
    assert threading.active_count() == before


def test_a_launch_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_trial, 'LONGEST_SECONDS', 0.05)
    before = threading.active_count()
    with pytest.raises(GpuFailure, match=r'The kernel took longer than 0\.05 s, and was stopped'):
        run_trial(emulated_gpu(), NO_CACHE, Request(blocks=1, threads=32), rounds=1 << 31)
    assert threading.active_count() == before


def test_wrong_results_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(self: EmulatedKernel, grid: Grid, address: int) -> Callable[[], bool]:
        return lambda: True

    monkeypatch.setattr(EmulatedKernel, 'launch', launch)
    with pytest.raises(GpuFailure, match='The trial gave a wrong result: 0 instead of 10400 after 0 of 5 rounds'):
        run_trial(emulated_gpu(), NO_CACHE, Request(blocks=2, threads=32), rounds=5)


def test_the_trial_in_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, 'EXTERNS', {
        'sched_yield': lambda: model.i32(0),
        **{name: getattr(emulated, name) for name in ('my_thread', 'my_block', 'wait_for_block', 'block_memory', 'now',
                                                      'give_way')}})
    record: Any = model.allocate(trial.Trial)
    record.launch.blocks, record.launch.threads, record.rounds = 2, 2, 2
    record.launch.stop, record.launch.progress = model.allocate(model.u32), model.allocate(model.u64)
    threads = []
    for block_number in range(2):
        block: Any = model.allocate('Block')
        block.memory = model.u64(model.allocate(model.u64, 2))
        for thread_number in range(2):
            place: Any = model.allocate('Place')
            place.launch, place.block = model.addr(record.launch), block
            place.block_number, place.thread_number = block_number, thread_number
            threads.append(threading.Thread(target=trial.run_trial, args=(model.u64(place),)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (record.total, record.wrong, record.launch.progress[0]) == (20, 0, 2)


def test_the_trial_as_ptx(tmp_path: Path) -> None:
    module = compile_kernel(DEVICE_MODULES)
    for capability in ((7, 0), (8, 0), (9, 0)):
        text = gpu_ptx(module, 'run_trial', capability, NO_CACHE)
        assert text.count('.visible') == 1
        assert 'bend_entry' in assemble(text, capability, tmp_path)
        assert 'atom.relaxed.cta.shared.add.u64' in text
        assert 'ld.relaxed.sys.b32' in text


@pytest.mark.parametrize(('name', 'function', 'expected'), [
    ('litmus', 'run_litmus', ('atom.release.gpu.exch.b32', 'atom.acq_rel.gpu.add.u32', 'fence.acq_rel.gpu',
                              'fence.sc.gpu', 'ld.acquire.gpu.b32')),
    ('compute', 'run_work', ('div.rn.f64', 'div.rn.f32')),
])
def test_kernels_of_the_script_as_ptx(name: str, function: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    module = compile_kernel([Path(__file__).parent / f'{name}.py', KERNEL / 'device.py'])
    for capability in ((7, 0), (9, 0)):
        text = gpu_ptx(module, function, capability, NO_CACHE)
        assert all(instruction in text for instruction in expected)
        assemble(text, capability, tmp_path)


def test_records() -> None:
    record = Record(compile_kernel(DEVICE_MODULES), 'TrialRecord')
    record['trial.launch.progress'] = 1 << 40
    record['trial.wrong'] = 7
    assert (record['trial.launch.progress'], record['trial.wrong'], record['trial.rounds']) == (1 << 40, 7, 0)
    assert record.place('trial.launch')[0] == 24
    with pytest.raises(KeyError):
        record.place('trial.nothing')
