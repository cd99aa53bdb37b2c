"""Dynamic libraries: functions in C that programs call by name (spec 07, section 7).

A function of a library is `Port name(Net *net, Book *book, Port argument)`, with the header `bend/include/hvm.h`. A
port has 32 bits, the lowest three of which are its tag. Numbers and `*` are ports by themselves; for anything else the
port is a handle, which the library hands back to the functions that this module provides for it: `readback_tup`,
`readback_str`, `readback_bytes` and `inject_bytes`. `net` and `book` are there for the form only.

What these functions find wrong (an argument that is no tuple, no list of numbers) is raised when the library's function
has returned. A library runs in this process: nobody can save the process from what a library does to it.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from bend.hvm.numbers import F24, I24, TYPE_MASK, U24
from bend.runtime.elf import UnknownMachine, shared_object
from bend.runtime.jit import Library, compile_object, load_object
from bend.runtime.machine import Argument, Number, Port, Refusal, Value, WrongShape

TAG_BITS, TAG_MASK = 3, 7
ERASER, NUMBER, NODE = 2, 3, 4
"""The tags of ports as libraries see them; `NODE` is that of all handles."""

MAX_ELEMENTS = 8
RTLD_LAZY, RTLD_NOW, RTLD_GLOBAL = 1, 2, 0x100

STUBS = """
define {{i32, ptr}} @readback_str(ptr %net, ptr %book, i32 %port) {{
  %out = alloca {{i32, ptr}}
  call void inttoptr (i64 {string} to ptr)(ptr %out, i32 %port)
  %result = load {{i32, ptr}}, ptr %out
  ret {{i32, ptr}} %result
}}

define {{i32, ptr}} @readback_bytes(ptr %net, ptr %book, i32 %port) {{
  %out = alloca {{i32, ptr}}
  call void inttoptr (i64 {data} to ptr)(ptr %out, i32 %port)
  %result = load {{i32, ptr}}, ptr %out
  ret {{i32, ptr}} %result
}}

define void @readback_tup(ptr sret([9 x i32]) %out, ptr %net, ptr %book, i32 %port, i32 %count) {{
  call void inttoptr (i64 {tuple} to ptr)(ptr %out, i32 %port, i32 %count)
  ret void
}}

define i32 @inject_bytes(ptr %net, ptr %data) {{
  %port = call i32 inttoptr (i64 {inject} to ptr)(ptr %data)
  ret i32 %port
}}
"""
"""The functions for libraries: they return structures, which functions that Python makes callable cannot do."""


class _Bytes(ctypes.Structure):
    """`Str` and `Bytes` of the C header."""

    _fields_ = (('length', ctypes.c_uint32), ('data', ctypes.c_void_p))


class _Tuple(ctypes.Structure):
    """`Tup` of the C header."""

    _fields_ = (('length', ctypes.c_uint32), ('elements', ctypes.c_uint32 * MAX_ELEMENTS))


_libc = ctypes.CDLL(None)
_libc.dlopen.restype, _libc.dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
_libc.dlsym.restype, _libc.dlsym.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p)
_libc.dlclose.argtypes = (ctypes.c_void_p,)
_libc.dlerror.restype = ctypes.c_char_p
_libc.malloc.restype, _libc.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)

_FOREIGN = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)


# ---- libraries -------------------------------------------------------------------------------


class Libraries:
    """The libraries that a program has open, by their handles: the lowest free one from 0 on."""

    def __init__(self) -> None:
        self.open: dict[int, int] = {}

    def load(self, path: str, is_lazy: bool) -> int:
        """Opens a library and gives its handle. Raises Refusal with the system's text."""
        provide_functions()
        library = _libc.dlopen(_c_text(path), RTLD_LAZY if is_lazy else RTLD_NOW)
        if not library:
            raise Refusal(_last_error())
        handle = next(number for number in range(len(self.open) + 1) if number not in self.open)
        self.open[handle] = library
        return handle

    def call(self, handle: int, name: str, argument: Argument) -> Value:
        """Calls a function. Raises Refusal where there is none of that name, or its result is no port, and what the
        readback of its argument raises."""
        library = self._get(handle)
        address = _libc.dlsym(library, _c_text(name))
        if not address:
            raise Refusal(_last_error())
        with calling(Call()) as call:
            port = _FOREIGN(address)(None, None, call.port_of(argument))
        if call.problem is not None:
            raise call.problem
        return call.value_of(port, name)

    def close(self, handle: int) -> None:
        """Closes a library. Raises Refusal."""
        library = self._get(handle)
        del self.open[handle]
        if _libc.dlclose(library) != 0:
            raise Refusal(_last_error())

    def close_all(self) -> None:
        """Closes what the program has left open."""
        for library in self.open.values():
            _libc.dlclose(library)
        self.open.clear()

    def _get(self, handle: int) -> int:
        if handle not in self.open:
            raise Refusal('no library is open with this handle')
        return self.open[handle]


def _c_text(text: str) -> bytes:
    if '\0' in text:
        raise Refusal('a name cannot hold character 0')
    return text.encode('utf-8', 'surrogatepass')


def _last_error() -> str:
    text: bytes | None = _libc.dlerror()
    return (text or b'unknown error').decode('utf-8', 'replace')


# ---- calls -----------------------------------------------------------------------------------


class Call:
    """A call under way: what the ports stand for that the library was given, and what went wrong in the functions that
    it has called."""

    def __init__(self) -> None:
        self.handles: list[Argument | bytes] = []
        self.read: dict[int, bytes] = {}
        self.problem: BaseException | None = None

    def port_of(self, argument: Argument) -> int:
        """The port of an argument, or of a part of it; a reference is evaluated."""
        word = argument.machine.number(argument.place)
        if word is not None:
            return word << TAG_BITS | NUMBER
        if argument.machine.is_eraser(argument.place):
            return ERASER
        return self.new_handle(argument)

    def new_handle(self, item: Argument | bytes) -> int:
        """A port that stands for something."""
        self.handles.append(item)
        return len(self.handles) - 1 << TAG_BITS | NODE

    def argument(self, port: int) -> Argument:
        """What a port stands for that the library was given. Raises WrongShape."""
        index = port >> TAG_BITS
        item = self.handles[index] if port & TAG_MASK == NODE and index < len(self.handles) else None
        if not isinstance(item, Argument):
            raise WrongShape
        return item

    def elements(self, port: int, count: int) -> list[int]:
        """The ports of at most so many parts of a tuple."""
        parts: list[int] = []
        while len(parts) + 1 < min(count, MAX_ELEMENTS) and port & TAG_MASK == NODE:
            try:
                first, rest = self.argument(port).pair()
            except WrongShape:
                break
            parts.append(self.port_of(first))
            port = self.port_of(rest)
        return [*parts, port] if count else []

    def bytes_of(self, port: int) -> bytes:
        """The bytes of a list. It is taken from the net; when it is read again, this is what was read."""
        if port not in self.read:
            self.read[port] = self.argument(port).byte_list()
        return self.read[port]

    def value_of(self, port: int, name: str) -> Value:
        """The value that a function returns."""
        kind, content = port & TAG_MASK, port >> TAG_BITS
        if kind == ERASER:
            return None
        if kind == NUMBER and content & TYPE_MASK in (U24, I24, F24):
            return Number(content)
        if kind == NODE and content < len(self.handles):
            if port in self.read:
                return self.read[port]
            item = self.handles[content]
            return item if isinstance(item, bytes) else Port(item.machine.take(item.place))
        raise Refusal(f'{name} returned {port:#x}, which is no port')


_calls = threading.local()


@contextmanager
def calling(call: Call) -> Iterator[Call]:
    """Makes a call the one that this thread's provided functions work for."""
    outer = getattr(_calls, 'current', None)
    _calls.current = call
    try:
        yield call
    finally:
        _calls.current = outer


def _in_call(action: Callable[[Call], None]) -> None:
    """Performs an action for the call under way. An exception must not pass through the library: it waits, and the
    functions do nothing more."""
    call: Call = _calls.current
    if call.problem is None:
        try:
            action(call)
        except BaseException as problem:  # raised again when the library's function has returned
            call.problem = problem


# ---- functions for libraries -----------------------------------------------------------------


def _read_tuple(out: Any, port: int, count: int) -> None:
    out.contents.length = 0

    def read(call: Call) -> None:
        elements = call.elements(port, count)
        out.contents.length = len(elements)
        out.contents.elements[:len(elements)] = elements
    _in_call(read)


def _readback(end: bytes) -> Callable[[Any, int], None]:
    def readback(out: Any, port: int) -> None:
        found = [b'']
        _in_call(lambda call: found.append(call.bytes_of(port)))
        content = found[-1] + end
        # The library frees it. Nothing is a pointer that may be freed as well.
        data = _libc.malloc(max(len(content), 1))
        ctypes.memmove(data, content, len(content))
        out.contents.length, out.contents.data = len(found[-1]), data
    return readback


def _inject(data: Any) -> int:
    ports = [ERASER]
    _in_call(lambda call: ports.append(call.new_handle(ctypes.string_at(data.contents.data, data.contents.length))))
    return ports[-1]


_READBACK = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Bytes), ctypes.c_uint32)
_readback_tuple = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Tuple), ctypes.c_uint32, ctypes.c_uint32)(_read_tuple)
_readback_string, _readback_bytes = _READBACK(_readback(b'\0')), _READBACK(_readback(b''))
_inject_bytes = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.POINTER(_Bytes))(_inject)


@cache
def provide_functions() -> Library | None:
    """Gives libraries the functions that they may call; None where the system has no way to. Keeps what they need."""
    def address(function: Any) -> int:
        return ctypes.cast(function, ctypes.c_void_p).value or 0

    code = STUBS.format(string=address(_readback_string), data=address(_readback_bytes),
                        tuple=address(_readback_tuple), inject=address(_inject_bytes))
    stubs = load_object(compile_object(code, 1))
    names = ('readback_str', 'readback_bytes', 'readback_tup', 'inject_bytes')
    try:
        content = shared_object({name: stubs.address(name) for name in names})
    except UnknownMachine:
        return None
    file = os.memfd_create('bend')
    try:
        os.write(file, content)
        _libc.dlopen(f'/proc/self/fd/{file}'.encode(), RTLD_NOW | RTLD_GLOBAL)
    finally:
        os.close(file)
    return stubs


# ---- primitives ------------------------------------------------------------------------------


def open_library(libraries: Libraries, argument: Argument) -> Value:
    """`DL_OPEN (path, lazy)`: the library's handle."""
    path, lazy = argument.pair()
    return libraries.load(path.text(), lazy.number() != 0)


def call_function(libraries: Libraries, argument: Argument) -> Value:
    """`DL_CALL (handle, (name, argument))`: what the function returns."""
    handle, rest = argument.pair()
    name, given = rest.pair()
    return libraries.call(handle.handle(), name.text(), given)


def close_library(libraries: Libraries, argument: Argument) -> Value:
    """`DL_CLOSE handle`."""
    libraries.close(argument.handle())
    return None
