"""The launch layer: what it asks of numba.cuda and the driver, sizes of grids, what is said when something fails."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from bend.codegen import lir
from bend.codegen.gpu_entry import gpu_program, with_entry
from bend.codegen.lir_validate import ValidationError
from bend.codegen.pylir import compile_kernel
from bend.runtime import gpu
from bend.runtime.cache import Cache
from bend.runtime.gpu import (
    Gpu,
    GpuFailure,
    Grid,
    OutOfGpuMemory,
    Request,
    failure_of,
    gpu_ptx,
    grid_of,
    load_numba,
    memory_of,
    wait_for,
)
from bend.runtime.gpu_device import Driver, GpuUnavailable
from bend.runtime.gpu_record import Record
from bend.runtime.gpu_trial import KERNEL, SHARED_MEMORY, run_trial
from tests.gpu.fake_driver import H100, CudaAPIError, FakeCuda, FakeDriver, fake_numba

DEVICE = Driver(FakeDriver({'H100': H100})).devices()[0]
TRIAL = [KERNEL / 'trial.py', KERNEL / 'device.py']


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    made = FakeCuda()
    monkeypatch.setitem(sys.modules, 'numba', fake_numba(made))
    return made


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch, cuda: FakeCuda) -> FakeDriver:
    """A driver with a GPU, and numba to link for it."""
    made = FakeDriver({'H100': H100})
    monkeypatch.setattr(gpu, 'load_driver', lambda: made)
    return made


# ---- numba -----------------------------------------------------------------------------------


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'numba', None)
    with pytest.raises(GpuUnavailable, match=r'numba\.cuda cannot be imported: ModuleNotFoundError') as caught:
        load_numba()
    assert "pip install numba 'numba-cuda[cu12]'" in caught.value.hint


def test_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'numpy', None)
    with pytest.raises(GpuUnavailable, match=r'numba\.cuda needs numpy'):
        load_numba()


def test_newer_numpy_gets_the_name_that_numba_asks_for(cuda: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(numpy, 'row_stack', raising=False)
    assert load_numba() is cuda
    assert numpy.row_stack is numpy.vstack
    monkeypatch.delattr(numpy, 'row_stack')


# ---- compiling -------------------------------------------------------------------------------


def test_the_entry_is_what_numba_calls() -> None:
    module = with_entry(compile_kernel(TRIAL), 'run_trial')
    assert [function.name for function in module.functions if function.exported] == ['bend_entry']
    entry = module.function('bend_entry')
    assert entry.result == lir.I32
    assert [type_ for _, type_ in entry.parameters] == [lir.Ptr(lir.U32), lir.U64]
    with pytest.raises(KeyError, match='nothing'):
        with_entry(module, 'nothing')


def test_what_a_launch_does_not_reach_may_be_anything(tmp_path: Path) -> None:
    path = tmp_path / 'kernel.py'
    path.write_text('''from bend.runtime.kernel.lang import export, stack_pointer, u64
MODE = 0


@export
def start(address: u64) -> None:
    if MODE == 1:
        other(address)


@export
def other(address: u64) -> None:
    stack_pointer()
''', encoding='utf-8')
    assert 'other' not in gpu_program(compile_kernel([path]), 'start')
    with pytest.raises(ValidationError, match='other, line 12: stack_pointer does not exist on a GPU'):
        gpu_program(compile_kernel([path], {'MODE': 1}), 'start')


def test_ptx_is_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, cache = compile_kernel(TRIAL), Cache(tmp_path)
    text = gpu_ptx(module, 'run_trial', (9, 0), cache)
    assert text != gpu_ptx(module, 'run_trial', (7, 0), cache)
    monkeypatch.setattr(gpu, 'compile_ptx', lambda program, capability: 'new')
    assert gpu_ptx(module, 'run_trial', (9, 0), cache) == text
    assert gpu_ptx(module, 'run_trial', (8, 0), cache) == 'new'


# ---- sizes -----------------------------------------------------------------------------------


def test_memory() -> None:
    assert memory_of(Request(), 1000) == 800
    assert memory_of(Request(memory=1000), 1000) == 1000
    with pytest.raises(OutOfGpuMemory, match='has 64 MB of free memory, not 65 MB'):
        memory_of(Request(memory=65 << 20), 64 << 20)


def test_grids() -> None:
    assert grid_of(Request(), DEVICE, lambda threads: 8192 // threads, 64) == Grid(32, 256, 64)
    assert grid_of(Request(blocks=3, threads=1024), DEVICE, lambda threads: 8192 // threads, 0) == Grid(3, 1024, 0)


@pytest.mark.parametrize(('request_', 'shared', 'message', 'hint'), [
    (Request(threads=16), 0, 'H100 does not run blocks of 16 threads', 'multiples of 32 up to 1024'),
    (Request(threads=100), 0, 'H100 does not run blocks of 100 threads', 'multiples of 32'),
    (Request(threads=2048), 0, 'H100 does not run blocks of 2048 threads', 'up to 1024'),
    (Request(threads=1024), 0, 'H100 cannot run a block of 1024 threads of this program', 'takes up to 512 here'),
    (Request(blocks=0), 0, 'H100 cannot run 0 blocks', 'takes 1 to 2'),
    (Request(blocks=3), 0, 'H100 cannot run 3 blocks of 256 threads at the same time', '`--blocks` takes 1 to 2'),
    (Request(), 232449, 'H100 has 232448 bytes of shared memory for a block, and 232449 are needed', 'command `run`'),
])
def test_grids_that_do_not_fit(request_: Request, shared: int, message: str, hint: str) -> None:
    with pytest.raises(GpuFailure, match=message) as caught:
        grid_of(request_, DEVICE, lambda threads: 512 // threads, shared)
    assert hint in caught.value.hint


# ---- running ---------------------------------------------------------------------------------


def test_a_launch(driver: FakeDriver, cuda: FakeCuda, tmp_path: Path) -> None:
    """The trial, on a device that writes what it should."""
    module = compile_kernel(TRIAL)
    layout = Record(module, 'TrialRecord')

    def run(blocks: int, threads: int, address: int) -> None:
        layout.data[:] = ctypes.string_at(address, len(layout.data))
        assert layout['place.launch'] == address + layout.place('trial.launch')[0]
        assert (layout['trial.launch.blocks'], layout['trial.launch.threads']) == (blocks, threads) == (264, 128)
        assert ctypes.c_uint64.from_address(layout['trial.launch.stop']).value == 0
        ctypes.c_uint64.from_address(layout['trial.launch.progress']).value = layout['trial.rounds']
        layout['trial.total'] = 10 * (264 * 128) * (264 * 128 + 1) // 2
        layout['trial.nanoseconds'] = 20_000
        ctypes.memmove(address, bytes(layout.data), len(layout.data))

    driver.run = run
    result = run_trial(Gpu(DEVICE), Cache(tmp_path), Request(threads=128), rounds=10)
    assert (result.blocks, result.threads, result.waits) == (264, 128, 20)
    assert result.seconds_of_wait == pytest.approx(1e-6)
    assert cuda.selected == 0
    assert cuda.linked == [gpu_ptx(module, 'run_trial', (9, 0), Cache(tmp_path))]
    assert driver.images == [b'image']
    assert driver.launched == [(264, 128, SHARED_MEMORY)]


def test_what_was_linked_is_cached(driver: FakeDriver, cuda: FakeCuda, tmp_path: Path,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """numba is not needed any more, unless the driver is another one, or does not take the image."""
    cache = Cache(tmp_path)
    Gpu(DEVICE).link('first', cache)
    Gpu(DEVICE).link('first', cache)
    assert (cuda.linked, driver.images) == (['first'], [b'image'] * 2)
    monkeypatch.setattr(FakeDriver, 'cuModuleLoadData', _once_refused(FakeDriver.cuModuleLoadData))
    Gpu(DEVICE).link('first', cache)
    assert cuda.linked == ['first'] * 2
    driver.version = 13000
    Gpu(DEVICE).link('first', cache)
    assert cuda.linked == ['first'] * 3
    monkeypatch.setitem(sys.modules, 'numba', None)
    assert Gpu(DEVICE).link('first', cache).attributes() == {'registers': 104, 'local': 103}
    with pytest.raises(GpuUnavailable, match=r'numba\.cuda cannot be imported'):
        Gpu(DEVICE).link('second', cache)


def test_registers_can_be_limited(driver: FakeDriver, cuda: FakeCuda, tmp_path: Path) -> None:
    """What was linked with other limits is other code."""
    cache = Cache(tmp_path)
    for limit in (None, 64, 128, 64):
        Gpu(DEVICE).link('text', cache, limit)
    assert cuda.registers == [None, 64, 128]


def _once_refused(function: Callable[..., int]) -> Callable[..., int]:
    """A function of the driver that gives an error the first time."""
    calls: list[int] = []

    def called(*arguments: Any) -> int:
        calls.append(0)
        return 200 if len(calls) == 1 else function(*arguments)

    return called


def test_shared_memory_has_to_be_allowed(driver: FakeDriver) -> None:
    kernel = Gpu(DEVICE).link('text', Cache(None))
    assert kernel.resident_blocks(32, 48 << 10) == 264
    assert driver.allowed == 0
    assert kernel.resident_blocks(32, 64 << 10) == 264
    assert driver.allowed == 64 << 10
    del kernel
    assert driver.unloaded == 1


def test_seconds_of_a_launch(driver: FakeDriver) -> None:
    kernel = Gpu(DEVICE).kernel(compile_kernel(TRIAL), 'run_trial', Cache(None))
    assert wait_for(kernel.launch(Grid(1, 32, SHARED_MEMORY), 0), Gpu(DEVICE).control()) is None
    assert kernel.seconds() == 0.0025


def test_memory_of_the_device(driver: FakeDriver) -> None:
    opened = Gpu(DEVICE)
    assert opened.free_memory() == 60 << 30
    buffer = opened.buffer(16)
    buffer.write(b'abc', 4)
    assert buffer.read(3, 5) == b'\xababc\xab'
    buffer.write_beside(b'd', 3)
    assert buffer.read(3, 2) == b'da'
    assert buffer.read_beside(4, 3) == b'abc'
    del buffer
    assert not driver.memory
    driver.problems['cuMemAlloc_v2'] = 2
    with pytest.raises(OutOfGpuMemory, match='The GPU ran out of memory'):
        opened.buffer(16)


def test_words_that_both_reach(driver: FakeDriver) -> None:
    control = Gpu(DEVICE).control()
    assert (control.progress(), ctypes.string_at(control.stop_address, 16)) == (0, bytes(16))
    control.stop()
    assert ctypes.string_at(control.stop_address, 2) == b'\1\0'


@pytest.mark.parametrize(('problem', 'message', 'hint'), [
    (CudaAPIError(700), r'accessed memory that is not there \(CUDA error 700\)', 'fault of the compiler'),
    (CudaAPIError(702), 'took too long', 'shows no screen'),
    (CudaAPIError(720), 'too many blocks', '--blocks'),
    (CudaAPIError(222), 'the driver is older', 'Update the driver'),
    (CudaAPIError(12345), r'The GPU failed: CudaAPIError: \[12345\] Call to', 'The command `run`'),
    (ValueError('several\nlines'), 'The GPU failed: ValueError: several lines', 'The command `run`'),
])
def test_failures(problem: Exception, message: str, hint: str) -> None:
    failure = failure_of(problem)
    with pytest.raises(GpuFailure, match=message):
        raise failure
    assert hint in failure.hint


def test_failures_while_waiting(driver: FakeDriver) -> None:
    opened = Gpu(DEVICE)
    kernel = opened.link('text', Cache(None))
    ended = kernel.launch(Grid(1, 32, 0), 0)
    driver.problems['cuEventQuery'] = 600
    assert not ended()
    driver.problems['cuEventQuery'] = 719
    with pytest.raises(GpuFailure, match='the kernel failed'):
        wait_for(ended, opened.control())


def test_a_kernel_that_does_not_stop(driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, 'GRACE_SECONDS', 0.02)
    control = Gpu(DEVICE).control()
    with pytest.raises(GpuFailure, match='The kernel does not end, although it was asked to'):
        wait_for(lambda: False, control, seconds=0.01)
    assert ctypes.c_uint64.from_address(control.stop_address).value == 1
