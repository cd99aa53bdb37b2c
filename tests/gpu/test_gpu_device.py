"""Finding GPUs: what the driver is asked, and what is said where none can be used."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from bend.runtime.gpu_device import Device, Driver, GpuUnavailable, load_driver, usable_device
from tests.gpu.fake_driver import GTX_1080, H100, NO_DEVICE, FakeDriver


def found(devices: dict[str, dict[int, int]]) -> tuple[Device, ...]:
    return Driver(FakeDriver(devices)).devices()


def unusable(devices: dict[str, dict[int, int]]) -> GpuUnavailable:
    with pytest.raises(GpuUnavailable) as caught:
        usable_device(found(devices))
    return caught.value


def test_properties() -> None:
    driver = Driver(FakeDriver({'H100': H100}))
    assert driver.version() == (12, 8)
    assert driver.devices() == (Device(
        number=0, name='H100', capability=(9, 0), multiprocessors=132, threads_per_block=1024,
        shared_memory=232448, memory=80 << 30, cooperative=True, maps_host_memory=True),)


def test_the_first_usable_device_is_taken() -> None:
    assert usable_device(found({'GTX 1080': GTX_1080, 'H100': H100, 'other': H100})).number == 1


def test_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise OSError(f'{name}: cannot open shared object file')

    monkeypatch.setattr(ctypes, 'CDLL', refuse)
    with pytest.raises(GpuUnavailable, match=r'There is no NVIDIA driver \(libcuda\.so\.1: cannot open') as caught:
        load_driver()
    assert 'nvidia-smi' in caught.value.hint


def test_a_driver_that_does_not_start() -> None:
    with pytest.raises(GpuUnavailable, match=r'does not start: explanation of 803 \(error 803\)\.'):
        Driver(FakeDriver({}, status=803))


def test_a_driver_that_fails_later() -> None:
    without_attribute = {key: value for key, value in H100.items() if key != 95}
    with pytest.raises(GpuUnavailable, match='fails in cuDeviceGetAttribute: explanation of 1'):
        found({'H100': without_attribute})


@pytest.mark.parametrize('status', [0, NO_DEVICE])
def test_no_device(status: int) -> None:
    devices = Driver(FakeDriver({}, status)).devices()
    with pytest.raises(GpuUnavailable, match='The NVIDIA driver finds no GPU') as caught:
        usable_device(devices)
    assert '--gpus all' in caught.value.hint


def test_too_old() -> None:
    problem = unusable({'GTX 1080': GTX_1080})
    assert problem.message == ('GTX 1080 cannot be used: it is too old: its compute capability is 6.1, and 7.0 is '
                               'needed (Volta, of 2017).')
    assert '--fallback cpu' in problem.hint


def test_other_faults() -> None:
    message = unusable({'A': {**H100, 95: 0}, 'B': {**H100, 19: 0}}).message
    assert 'A cannot be used: it does not start kernels whose blocks wait' in message
    assert "B cannot be used: it does not reach the host's memory" in message
