"""The launch layer: what it asks of numba.cuda, sizes of grids, and what is said when something fails."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

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
    (Request(threads=1024), 0, 'H100 cannot run a block of 1024 threads of this program', '--threads-per-block'),
    (Request(blocks=0), 0, 'H100 cannot run 0 blocks', 'takes 1 to 2'),
    (Request(blocks=3), 0, 'H100 cannot run 3 blocks of 256 threads at the same time', '`--blocks` takes 1 to 2'),
    (Request(), 232449, 'H100 has 232448 bytes of shared memory for a block, and 232449 are needed', 'command `run`'),
])
def test_grids_that_do_not_fit(request_: Request, shared: int, message: str, hint: str) -> None:
    with pytest.raises(GpuFailure, match=message) as caught:
        grid_of(request_, DEVICE, lambda threads: 512 // threads, shared)
    assert hint in caught.value.hint


# ---- running ---------------------------------------------------------------------------------


def test_a_launch(cuda: FakeCuda, tmp_path: Path) -> None:
    """The trial, on a device that writes what it should."""
    module = compile_kernel(TRIAL)
    layout = Record(module, 'TrialRecord')

    def run(blocks: int, threads: int, address: int) -> None:
        layout.data[:] = ctypes.string_at(address, len(layout.data))
        assert layout['place.launch'] == address + layout.place('trial.launch')[0]
        assert (layout['trial.launch.blocks'], layout['trial.launch.threads']) == (blocks, threads) == (64, 128)
        assert ctypes.c_uint64.from_address(layout['trial.launch.stop']).value == 0
        ctypes.c_uint64.from_address(layout['trial.launch.progress']).value = layout['trial.rounds']
        layout['trial.total'] = 10 * (64 * 128) * (64 * 128 + 1) // 2
        layout['trial.nanoseconds'] = 20_000
        ctypes.memmove(address, bytes(layout.data), len(layout.data))

    cuda.run = run
    result = run_trial(Gpu(DEVICE), Cache(tmp_path), Request(threads=128), rounds=10)
    assert (result.blocks, result.threads, result.waits) == (64, 128, 20)
    assert result.seconds_of_wait == pytest.approx(1e-6)
    assert cuda.selected == 0
    assert cuda.kernel.cooperative
    assert cuda.linked == gpu_ptx(module, 'run_trial', (9, 0), Cache(tmp_path))
    assert cuda.launched == [(64, 128, 'stream', SHARED_MEMORY, 'uint64')]


def test_seconds_of_a_launch(cuda: FakeCuda) -> None:
    kernel = Gpu(DEVICE).kernel(compile_kernel(TRIAL), 'run_trial', Cache(None))
    assert wait_for(kernel.launch(Grid(1, 32, SHARED_MEMORY), 0), Gpu(DEVICE).control()) is None
    assert kernel.seconds() == 0.0025


def test_memory_of_the_device(cuda: FakeCuda) -> None:
    opened = Gpu(DEVICE)
    assert opened.free_memory() == 60 << 30
    buffer = opened.buffer(16)
    buffer.write(b'abc', 4)
    assert buffer.read(3, 5) == b'\xababc\xab'
    cuda.problem = CudaAPIError(2)
    with pytest.raises(OutOfGpuMemory, match='The GPU ran out of memory'):
        opened.buffer(16)


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


def test_failures_while_waiting(cuda: FakeCuda) -> None:
    def ended() -> bool:
        raise CudaAPIError(719)

    with pytest.raises(GpuFailure, match='the kernel failed'):
        wait_for(ended, Gpu(DEVICE).control())


def test_a_kernel_that_does_not_stop(cuda: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, 'GRACE_SECONDS', 0.02)
    control = Gpu(DEVICE).control()
    with pytest.raises(GpuFailure, match='The kernel does not end, although it was asked to'):
        wait_for(lambda: False, control, seconds=0.01)
    assert ctypes.c_uint64.from_address(control.stop_address).value == 1
