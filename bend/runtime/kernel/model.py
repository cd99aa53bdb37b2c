"""Kernel code in plain Python: sized integers and floats, and pointers into a toy memory.

This is what the names of `bend.runtime.kernel.lang` mean when a kernel module is imported and run rather than
compiled: the debugger, and the model of the scheduler. Results are those of the compiled code, with one reservation:
a local that was given a bare literal is a Python int until it meets a typed value; memory, parameters and results are
typed always.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import math
import struct as pack
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

F = TypeVar('F', bound=Callable[..., Any])


# --- numbers ---------------------------------------------------------------------------------------------------


class SizedInt(int):
    """An integer that wraps. Two operands must have the same type; a plain int takes that of the other."""

    bits: ClassVar[int]
    signed: ClassVar[bool]
    origin: Pointer | None

    def __new__(cls, value: Any = 0) -> Self:
        """A number or the address of a pointer, wrapped around; floats saturate."""
        if isinstance(value, float):
            number = cls._saturate(value)
        elif isinstance(value, Pointer):
            number = value.address
        else:
            number = int(value)
        number &= (1 << cls.bits) - 1
        if cls.signed and number >> (cls.bits - 1):
            number -= 1 << cls.bits
        self = super().__new__(cls, number)
        self.origin = None
        return self

    @classmethod
    def _saturate(cls, value: float) -> int:
        if math.isnan(value):
            return 0
        low, high = (-(1 << cls.bits - 1), (1 << cls.bits - 1) - 1) if cls.signed else (0, (1 << cls.bits) - 1)
        return low if value <= low else high if value >= high else int(value)

    def _other(self, other: Any) -> int:
        if isinstance(other, SizedInt) and type(other) is not type(self):
            raise TypeError(f'{type(self).__name__} meets {type(other).__name__}')
        if not isinstance(other, int) or isinstance(other, bool):
            raise TypeError(f'{type(self).__name__} meets {type(other).__name__}')
        return other

    def __add__(self, other: Any) -> Self:
        return type(self)(int(self) + int(self._other(other)))

    def __sub__(self, other: Any) -> Self:
        return type(self)(int(self) - int(self._other(other)))

    def __rsub__(self, other: Any) -> Self:
        return type(self)(int(self._other(other)) - int(self))

    def __mul__(self, other: Any) -> Self:
        return type(self)(int(self) * int(self._other(other)))

    def __floordiv__(self, other: Any) -> Self:
        return type(self)(_cut_division(int(self), int(self._other(other))))

    def __rfloordiv__(self, other: Any) -> Self:
        return type(self)(_cut_division(int(self._other(other)), int(self)))

    def __mod__(self, other: Any) -> Self:
        divisor = int(self._other(other))
        return type(self)(int(self) - divisor * _cut_division(int(self), divisor))

    def __rmod__(self, other: Any) -> Self:
        return type(self)(self._other(other)) % self

    def __and__(self, other: Any) -> Self:
        return type(self)(int(self) & int(self._other(other)))

    def __or__(self, other: Any) -> Self:
        return type(self)(int(self) | int(self._other(other)))

    def __xor__(self, other: Any) -> Self:
        return type(self)(int(self) ^ int(self._other(other)))

    __radd__ = __add__
    __rmul__ = __mul__
    __rand__ = __and__
    __ror__ = __or__
    __rxor__ = __xor__

    def __lshift__(self, other: Any) -> Self:
        return type(self)(int(self) << (int(other) % self.bits))

    def __rlshift__(self, other: Any) -> Self:
        return type(self)(other) << self

    def __rshift__(self, other: Any) -> Self:
        return type(self)(int(self) >> (int(other) % self.bits))

    def __rrshift__(self, other: Any) -> Self:
        return type(self)(other) >> self

    def __neg__(self) -> Self:
        return type(self)(-int(self))

    def __invert__(self) -> Self:
        return type(self)(~int(self))


def _cut_division(a: int, b: int) -> int:
    """Division towards zero."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


class u8(SizedInt):
    """8 bits without a sign."""

    bits, signed = 8, False


class u16(SizedInt):
    """16 bits without a sign."""

    bits, signed = 16, False


class u32(SizedInt):
    """32 bits without a sign."""

    bits, signed = 32, False


class u64(SizedInt):
    """64 bits without a sign."""

    bits, signed = 64, False


class i8(SizedInt):
    """8 bits with a sign."""

    bits, signed = 8, True


class i16(SizedInt):
    """16 bits with a sign."""

    bits, signed = 16, True


class i32(SizedInt):
    """32 bits with a sign."""

    bits, signed = 32, True


class i64(SizedInt):
    """64 bits with a sign."""

    bits, signed = 64, True


class SizedFloat(float):
    """A float of a format; results are rounded to it."""

    bits: ClassVar[int]
    origin: Pointer | None

    def __new__(cls, value: Any = 0.0) -> Self:
        """A number, rounded; those that are too large are infinite."""
        number = float(value)
        if cls.bits == 32:
            try:
                number = pack.unpack('<f', pack.pack('<f', number))[0]
            except OverflowError:
                number = math.copysign(math.inf, number)
        self = super().__new__(cls, number)
        self.origin = None
        return self

    def __add__(self, other: float) -> Self:
        return type(self)(float(self) + float(other))

    def __sub__(self, other: float) -> Self:
        return type(self)(float(self) - float(other))

    def __rsub__(self, other: float) -> Self:
        return type(self)(float(other) - float(self))

    def __mul__(self, other: float) -> Self:
        return type(self)(float(self) * float(other))

    def __truediv__(self, other: float) -> Self:
        return type(self)(_divide(float(self), float(other)))

    def __rtruediv__(self, other: float) -> Self:
        return type(self)(_divide(float(other), float(self)))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Self:
        return type(self)(-float(self))


def _divide(a: float, b: float) -> float:
    """IEEE division, which Python refuses by zero."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


class f32(SizedFloat):
    """binary32."""

    bits = 32


class f64(SizedFloat):
    """binary64."""

    bits = 64


# --- memory ----------------------------------------------------------------------------------------------------


class PointerType:
    """`Ptr[T]`, and with a number in parentheses a pointer made of it."""

    def __init__(self, pointee: KernelType) -> None:
        self.pointee = pointee

    def __call__(self, value: Any) -> Pointer:
        """A pointer of this type to the place of another one, or to an address."""
        return Pointer(value.address if isinstance(value, Pointer) else int(value), self.pointee)


class ArrayType:
    """`Array[T, n]`."""

    def __init__(self, element: KernelType, count: int) -> None:
        self.element = element
        self.count = count


# A scalar or struct class, a pointer or array type, or the name of a struct.
KernelType: TypeAlias = type[Any] | PointerType | ArrayType | str


class Ptr:
    """Makes pointer types."""

    def __class_getitem__(cls, pointee: KernelType) -> PointerType:
        return PointerType(pointee)


# Which memory a pointer points into matters on a GPU only.
Global = Shared = Ptr


class Array:
    """Makes array types."""

    def __class_getitem__(cls, item: tuple[KernelType, int]) -> ArrayType:
        return ArrayType(*item)


_FORMATS: Mapping[type[Any], str] = {
    u8: '<B', u16: '<H', u32: '<I', u64: '<Q', i8: '<b', i16: '<h', i32: '<i', i64: '<q',
    f32: '<f', f64: '<d', bool: '<?',
}
_structs: dict[str, type[Any]] = {}
Worker: KernelType = 'Worker'
_layouts: dict[type[Any], tuple[dict[str, tuple[int, KernelType]], int, int]] = {}
_memory = bytearray(64)  # Address 0 is the null pointer, so that nothing lies there.
lock = threading.RLock()


def resolve(type_: KernelType) -> type[Any] | PointerType | ArrayType:
    """A type without a name in its place."""
    return _structs[type_] if isinstance(type_, str) else type_


def size_and_alignment(type_: KernelType) -> tuple[int, int]:
    """The bytes that a value of a type takes in memory, and what its address is a multiple of."""
    type_ = resolve(type_)
    if isinstance(type_, PointerType):
        return 8, 8
    if isinstance(type_, ArrayType):
        size, alignment = size_and_alignment(type_.element)
        return size * type_.count, alignment
    if type_ in _layouts:
        _, size, alignment = _layouts[type_]
        return size, alignment
    size = pack.calcsize(_FORMATS[type_])
    return size, size


def struct(cls: type[Any]) -> type[Any]:
    """Declares a struct: computes its layout, which is C's."""
    fields: dict[str, tuple[int, KernelType]] = {}
    end, alignment = 0, 1
    for name, type_ in inspect.get_annotations(cls, eval_str=True).items():
        size, align = size_and_alignment(type_)
        end = -(-end // align) * align
        fields[name] = end, type_
        end += size
        alignment = max(alignment, align)
    _structs[cls.__name__] = cls
    _layouts[cls] = fields, -(-end // alignment) * alignment, alignment
    return cls


class Pointer:
    """An address of values of a type: indexing reaches the elements, attributes the fields of a struct."""

    __slots__ = ('address', 'origin', 'pointee')
    address: int
    pointee: KernelType
    origin: Pointer | None

    def __init__(self, address: int, pointee: KernelType, origin: Pointer | None = None) -> None:
        object.__setattr__(self, 'address', address)
        object.__setattr__(self, 'pointee', pointee)
        object.__setattr__(self, 'origin', origin)

    def _element(self, index: int) -> Pointer:
        size, _ = size_and_alignment(self.pointee)
        offset = int(index)
        if offset >> 63 == 1:
            offset -= 1 << 64
        return Pointer(self.address + offset * size, self.pointee)

    def _field(self, name: str) -> Pointer:
        cls = resolve(self.pointee)
        if not isinstance(cls, type) or cls not in _layouts or name not in _layouts[cls][0]:
            raise AttributeError(f'no field {name}')
        offset, type_ = _layouts[cls][0][name]
        return Pointer(self.address + offset, type_)

    def __getitem__(self, index: int) -> Any:
        return self._element(index).load()

    def __setitem__(self, index: int, value: Any) -> None:
        self._element(index).store(value)

    def __getattr__(self, name: str) -> Any:
        return self._field(name).load()

    def __setattr__(self, name: str, value: Any) -> None:
        self._field(name).store(value)

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Pointer) and other.address == self.address) or other == 0 == self.address

    def __hash__(self) -> int:
        return hash(self.address)

    def load(self) -> Any:
        """The value here, which remembers where it came from for the sake of `addr`."""
        type_ = resolve(self.pointee)
        if isinstance(type_, ArrayType):
            first = Pointer(self.address, type_.element)
            return Pointer(self.address, type_.element, first)
        if isinstance(type_, type) and type_ in _layouts:
            return Pointer(self.address, type_, self)
        if isinstance(type_, PointerType):
            return Pointer(pack.unpack_from('<Q', _memory, self.address)[0], type_.pointee, self)
        value = type_(pack.unpack_from(_FORMATS[type_], _memory, self.address)[0])
        if type_ is not bool:
            value.origin = self
        return value

    def store(self, value: Any) -> None:
        """Puts a value here, converted from a literal where it is one."""
        type_ = resolve(self.pointee)
        if isinstance(type_, PointerType):
            pack.pack_into('<Q', _memory, self.address, value.address if isinstance(value, Pointer) else int(value))
            return
        if isinstance(type_, ArrayType) or type_ in _layouts:
            raise TypeError('an aggregate cannot be stored')
        pack.pack_into(_FORMATS[type_], _memory, self.address, typed(value, type_))


def typed(value: Any, type_: KernelType) -> Any:
    """A value as one of a type; only literals are converted. Raises TypeError."""
    type_ = resolve(type_)
    if isinstance(type_, PointerType):
        if isinstance(value, Pointer):
            return Pointer(value.address, value.pointee)
        if value == 0:
            return Pointer(0, type_.pointee)
    elif isinstance(type_, type):
        if type(value) is type_:
            return value
        if issubclass(type_, SizedInt) and type(value) is int:
            return type_(value)
        if issubclass(type_, SizedFloat) and type(value) in (int, float):
            return type_(value)
    raise TypeError(f'{value!r} is not of type {type_}')


def allocate(type_: KernelType, count: int = 1) -> Pointer:
    """Memory for some values, all zero, on a cache line of its own."""
    size, _ = size_and_alignment(type_)
    with lock:
        start = -(-len(_memory) // 64) * 64
        _memory.extend(bytes(start + size * count - len(_memory)))
    return Pointer(start, type_)


def addr(place: Any) -> Pointer:
    """The address of what was loaded from a field or an element."""
    origin = getattr(place, 'origin', None) if isinstance(place, SizedInt | SizedFloat) else place.origin
    if origin is None:
        raise TypeError('addr needs a field or an element')
    assert isinstance(origin, Pointer)
    return origin


def cast(type_: PointerType, value: Any) -> Pointer:
    """A pointer made of a number or of another pointer."""
    return type_(value)


def sizeof(type_: KernelType) -> u64:
    """The bytes that a value of a type takes."""
    return u64(size_and_alignment(type_)[0])


# --- functions -------------------------------------------------------------------------------------------------


# What extern functions do, where it is not the C library's function on floats; tests add their own.
EXTERNS: dict[str, Callable[..., Any]] = {}


def _checked(function: F) -> F:
    """A function that converts literals to its parameters' types, and rejects other types."""

    @functools.cache
    def types() -> tuple[list[KernelType], KernelType | None]:
        annotations = inspect.get_annotations(function, eval_str=True)
        result = annotations.pop('return', None)
        return list(annotations.values()), result

    @functools.wraps(function)
    def wrapper(*arguments: Any) -> Any:
        parameters, result = types()
        values = [typed(value, type_) for value, type_ in zip(arguments, parameters, strict=True)]
        value = function(*values)
        return None if result is None else typed(value, result)

    return wrapper  # type: ignore[return-value]


def extern(function: F) -> F:
    """Declares a function that is provided elsewhere: by `EXTERNS`, or on floats by the C library."""

    @functools.wraps(function)
    def provided(*arguments: Any) -> Any:
        name = function.__name__
        if name in EXTERNS:
            return EXTERNS[name](*arguments)
        if not all(isinstance(argument, f64) for argument in arguments):
            raise NotImplementedError(f'{name} is not provided')
        found = ctypes.CDLL(None)[name]
        found.restype = ctypes.c_double
        return found(*(ctypes.c_double(argument) for argument in arguments))

    return _checked(provided)  # type: ignore[return-value]


def inline(function: F) -> F:
    """Marks a function that is always inlined."""
    return _checked(function)


def noinline(function: F) -> F:
    """Marks a function that is never inlined."""
    return _checked(function)


def noreturn(function: F) -> F:
    """Marks a function that never comes back."""
    return _checked(function)


def export(function: F) -> F:
    """Marks a function that can be called from outside."""
    return _checked(function)
