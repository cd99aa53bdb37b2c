"""The names that kernel modules are written with.

`bend.codegen.pylir` compiles kernel modules and only looks at how these names are used. When a kernel module is
imported as Python they mean what `bend.runtime.kernel.model` and `model_operations` make of them. For a type checker
all integers are `int`, since literals are; widths are checked by the compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

if TYPE_CHECKING:
    from typing import Annotated as Array

    u8: TypeAlias = int
    u16: TypeAlias = int
    u32: TypeAlias = int
    u64: TypeAlias = int
    i8: TypeAlias = int
    i16: TypeAlias = int
    i32: TypeAlias = int
    i64: TypeAlias = int
    f32: TypeAlias = float
    f64: TypeAlias = float
    T = TypeVar('T')
    # The struct `Worker` of whichever engine is compiled along.
    Worker: TypeAlias = Any

    class Ptr(Generic[T]):
        """A pointer; its fields and elements are known to the compiler only."""

        def __init__(self, value: Any) -> None: ...
        def __int__(self) -> int: ...
        def __getitem__(self, index: int) -> Any: ...
        def __setitem__(self, index: int, value: T) -> None: ...
        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    class Global(Ptr[T]):
        """A pointer that a GPU knows to point into the memory that all threads share."""

    class Shared(Ptr[T]):
        """A pointer that a GPU knows to point into the memory of a block."""

    RELAXED: str
    ACQUIRE: str
    RELEASE: str
    ACQ_REL: str
    SEQ_CST: str
    BLOCK: str
    DEVICE: str
    SYSTEM: str

    F = TypeVar('F', bound=Callable[..., Any])

    def struct(cls: T) -> T: ...
    def inline(function: F) -> F: ...
    def noinline(function: F) -> F: ...
    def noreturn(function: F) -> F: ...
    def export(function: F) -> F: ...
    def extern(function: F) -> F: ...

    def addr(place: Any) -> Any: ...
    def cast(type_: Any, value: Any) -> Any: ...
    def sizeof(type_: Any) -> int: ...

    def atomic_load(pointer: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_store(pointer: Any, value: Any, order: str, scope: str = ...) -> None: ...
    def atomic_xchg(pointer: Any, value: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_add(pointer: Any, value: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_sub(pointer: Any, value: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_and(pointer: Any, value: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_or(pointer: Any, value: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_xor(pointer: Any, value: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_max(pointer: Any, value: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_min(pointer: Any, value: Any, order: str, scope: str = ...) -> Any: ...
    def atomic_cas(pointer: Any, expected: Any, new: Any, order: str, scope: str = ...) -> Any: ...
    def fence(order: str, scope: str = ...) -> None: ...

    def ctz(x: int) -> int: ...
    def clz(x: int) -> int: ...
    def popcount(x: int) -> int: ...
    def likely(condition: bool) -> bool: ...
    def unlikely(condition: bool) -> bool: ...
    def prefetch(pointer: Any) -> None: ...
    def pause() -> None: ...
    def trap() -> NoReturn: ...
    def stack_pointer() -> int: ...
    def thread_index() -> int: ...
    def block_index() -> int: ...
    def block_threads() -> int: ...
    def grid_blocks() -> int: ...
    def block_barrier() -> None: ...
    def ballot(flag: bool) -> int: ...
    def exit_thread() -> None: ...
    def device_time() -> int: ...
    def cycles() -> int: ...
    def shared_memory() -> Shared[u8]: ...
    def f32_bits(x: float) -> int: ...
    def bits_f32(x: int) -> float: ...
    def f64_bits(x: float) -> int: ...
    def bits_f64(x: int) -> float: ...
    def sqrt(x: float) -> float: ...
    def fabs(x: float) -> float: ...
    def floor(x: float) -> float: ...
    def ceil(x: float) -> float: ...
    def trunc(x: float) -> float: ...
else:
    from bend.runtime.kernel.model import (  # noqa: F401
        Array,
        Global,
        Ptr,
        Shared,
        Worker,
        addr,
        cast,
        export,
        extern,
        f32,
        f64,
        i8,
        i16,
        i32,
        i64,
        inline,
        noinline,
        noreturn,
        sizeof,
        struct,
        u8,
        u16,
        u32,
        u64,
    )
    from bend.runtime.kernel.model_operations import (  # noqa: F401
        ACQ_REL,
        ACQUIRE,
        BLOCK,
        DEVICE,
        RELAXED,
        RELEASE,
        SEQ_CST,
        SYSTEM,
        atomic_add,
        atomic_and,
        atomic_cas,
        atomic_load,
        atomic_max,
        atomic_min,
        atomic_or,
        atomic_store,
        atomic_sub,
        atomic_xchg,
        atomic_xor,
        ballot,
        bits_f32,
        bits_f64,
        block_barrier,
        block_index,
        block_threads,
        ceil,
        clz,
        ctz,
        cycles,
        device_time,
        exit_thread,
        f32_bits,
        f64_bits,
        fabs,
        fence,
        floor,
        grid_blocks,
        likely,
        pause,
        popcount,
        prefetch,
        shared_memory,
        sqrt,
        stack_pointer,
        thread_index,
        trap,
        trunc,
        unlikely,
    )
