"""Machine code in the process: where memory is given out in small pieces far apart, and names that are not there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bend.runtime.jit import compile_object, load_object

CODE = '''
define i64 @first(i64 %x) {
  %a = call i64 @second(i64 %x)
  %b = call double @third(i64 %x)
  %c = fptoui double %b to i64
  %d = add i64 %a, %c
  ret i64 %d
}
declare i64 @second(i64)
define internal double @third(i64 %x) {
  %a = uitofp i64 %x to double
  %b = fmul double %a, 1.25
  ret double %b
}
'''
CALLED = 'define i64 @second(i64 %x) {\n  %a = mul i64 %x, 100\n  ret i64 %a\n}\n'
SCATTERED = f'''
import ctypes
import mmap
from bend.runtime.jit import compile_object, load_object

ANYWHERE, FAILED, UNBACKED = 0, 2 ** 64 - 1, 0x4000
library = ctypes.CDLL(None)
library.mmap.restype = ctypes.c_uint64
library.mmap.argtypes = [ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64]
library.munmap.argtypes = [ctypes.c_uint64, ctypes.c_uint64]

def reserve(size):
    return library.mmap(ANYWHERE, size, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | UNBACKED, -1, 0)

objects = [compile_object(text) for text in ({CODE!r}, {CALLED!r})]
llvm_has_started = load_object(*objects)
span = reserve(64 << 30)
assert span != FAILED
size = 1 << 36
while size >= mmap.PAGESIZE:
    above = reserve(size)
    if above == FAILED or above < span:
        if above != FAILED:
            library.munmap(above, size)
        size //= 2
for number in range(1, 16):
    library.munmap(span + (number << 32), mmap.PAGESIZE)
code = load_object(*objects)
address = code.address('first')
print(ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)(address)(8))
'''


def test_code_and_constants_find_each_other_where_only_single_pages_far_apart_are_free() -> None:
    done = subprocess.run([sys.executable, '-c', SCATTERED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '810\n', '')


def test_a_name_that_no_piece_has_is_an_error_and_the_others_stay() -> None:
    library = load_object(compile_object(CALLED))
    address = library.address('second')
    with pytest.raises(KeyError, match='third'):
        library.address('third')
    assert library.address('second') == address
