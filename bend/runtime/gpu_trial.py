"""Tries out a GPU: whether a grid of threads can do what schedulers need (`bend.runtime.kernel.gpu.trial`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bend.codegen import lir
from bend.codegen.lir_layout import size_and_alignment, struct_layout
from bend.codegen.pylir import compile_kernel
from bend.runtime.cache import Cache
from bend.runtime.gpu import Gpu, GpuFailure, Request, grid_of, wait_for

KERNEL = Path(__file__).parent / 'kernel' / 'gpu'
ROUNDS = 100
# Two words for a block: whether to go on, and its sum.
SHARED_MEMORY = 16
LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a trial came to: how many threads waited how often for each other, and the seconds of one wait."""

    blocks: int
    threads: int
    waits: int
    seconds_of_wait: float


class Record:
    """The bytes of a struct, by the names of fields, those of inner structs with a dot."""

    def __init__(self, module: lir.Module, name: str) -> None:
        self._structs = {item.name: item for item in module.structs}
        self._name = name
        self.data = bytearray(size_and_alignment(lir.StructName(name), self._structs)[0])

    def place(self, path: str) -> tuple[int, int]:
        """Where a field begins, and its size in bytes. Raises KeyError."""
        offset, type_ = 0, lir.StructName(self._name)
        found: lir.Type = type_
        for field in path.split('.'):
            assert isinstance(found, lir.StructName)
            item = self._structs[found.name]
            offset += struct_layout(item, self._structs)[0][field]
            found = dict(item.fields)[field]
        return offset, size_and_alignment(found, self._structs)[0]

    def __setitem__(self, path: str, value: int) -> None:
        offset, size = self.place(path)
        self.data[offset:offset + size] = value.to_bytes(size, 'little')

    def __getitem__(self, path: str) -> int:
        offset, size = self.place(path)
        return int.from_bytes(self.data[offset:offset + size], 'little')


def run_trial(gpu: Gpu, cache: Cache, request: Request | None = None, rounds: int = ROUNDS,
              watch: Callable[[int], None] | None = None) -> TrialResult:
    """Runs the trial on a GPU. With 0 rounds it goes on until Ctrl-C. Raises GpuFailure."""
    module = compile_kernel([KERNEL / 'trial.py', KERNEL / 'device.py'])
    kernel = gpu.kernel(module, 'run_trial', cache)
    grid = grid_of(request or Request(), gpu.device,
                   lambda threads: kernel.resident_blocks(threads, SHARED_MEMORY), SHARED_MEMORY)
    control = gpu.control()
    record = Record(module, 'TrialRecord')
    buffer = gpu.buffer(len(record.data))
    launch_at, _ = record.place('trial.launch')
    record['place.launch'] = buffer.address + launch_at
    record['trial.launch.blocks'], record['trial.launch.threads'] = grid.blocks, grid.threads
    record['trial.launch.stop'], record['trial.launch.progress'] = control.stop_address, control.progress_address
    record['trial.rounds'], record['trial.endless'] = rounds, int(rounds == 0)
    buffer.write(bytes(record.data))
    wait_for(kernel.launch(grid, buffer.address), control, LONGEST_SECONDS if rounds else None, watch)
    record.data[:] = buffer.read(0, buffer.size)
    return _checked(record, grid.blocks * grid.threads, rounds, control.progress())


def _checked(record: Record, threads: int, rounds: int, progress: int) -> TrialResult:
    """What a trial came to. Raises GpuFailure if that is not what it should be."""
    expected = rounds * threads * (threads + 1) // 2
    if record['trial.wrong'] or record['trial.total'] != expected or progress != rounds:
        raise GpuFailure(f'The trial gave a wrong result: {record["trial.total"]} instead of {expected} after '
                         f'{progress} of {rounds} rounds, and {record["trial.wrong"]} times a thread saw another one.',
                         'This is a fault of the compiler or of the GPU. Please report it, with the output of this '
                         'command.')
    waits = 2 * rounds
    return TrialResult(record['trial.launch.blocks'], record['trial.launch.threads'], waits,
                       record['trial.nanoseconds'] / 1e9 / waits)
