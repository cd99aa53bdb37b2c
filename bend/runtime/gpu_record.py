"""Records in the memory of a device: what a launch gets, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable

from bend.codegen import lir
from bend.codegen.lir_layout import size_and_alignment, struct_layout
from bend.runtime.gpu import Control, Gpu, Grid, Kernel, wait_for


class Record:
    """The bytes of a struct, by the names of fields, those of inner structs with a dot."""

    def __init__(self, module: lir.Module, name: str) -> None:
        self._structs = {item.name: item for item in module.structs}
        self._name = name
        self.data = bytearray(size_and_alignment(lir.StructName(name), self._structs)[0])

    def place(self, path: str) -> tuple[int, int]:
        """Where a field begins, and its size in bytes. Raises KeyError."""
        offset = 0
        found: lir.Type = lir.StructName(self._name)
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


def run_record(gpu: Gpu, kernel: Kernel, grid: Grid, record: Record, name: str, seconds: float | None = None,
               watch: Callable[[int], None] | None = None) -> Control:
    """Runs a kernel on a record, which then has what the kernel left in it. Raises as `wait_for`.

    The record's first field is `place`, a `Place` (`bend.runtime.kernel.gpu.grid`), and the first field of `name` is
    `launch`, a `Launch`: these are filled in.
    """
    control = gpu.control()
    buffer = gpu.buffer(len(record.data))
    launch = f'{name}.launch'
    record['place.launch'] = buffer.address + record.place(launch)[0]
    record[f'{launch}.blocks'], record[f'{launch}.threads'] = grid.blocks, grid.threads
    record[f'{launch}.stop'], record[f'{launch}.progress'] = control.stop_address, control.progress_address
    buffer.write(bytes(record.data))
    wait_for(kernel.launch(grid, buffer.address), control, seconds, watch)
    record.data[:] = buffer.read(0, buffer.size)
    return control
