"""What CUDA C++ programs of both engines have in common (`gen-cu`): how the file begins, the sizes that the host goes
by, and what it says when there is no GPU or it fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bend import __version__
from bend.codegen.c_text import part, switch_text
from bend.diagnostics import Diagnostic, error
from bend.runtime import gpu
from bend.runtime.gpu import FAILURES, FAULT, failure_of
from bend.runtime.gpu_device import INSTALL_DRIVER, NO_GPU, RUN_ON_CPU
from bend.runtime.gpu_driver import CudaError
from bend.standalone import Render, text_macro

SIZES: Mapping[str, int] = {
    'WARP': gpu.WARP, 'DEFAULT_THREADS': gpu.DEFAULT_THREADS, 'SHARED_WITHOUT_ASKING': gpu.SHARED_WITHOUT_ASKING,
    'MEMORY_PERCENT': int(100 * gpu.MEMORY_PART),
}
"""What `bend.runtime.gpu` says on how a GPU is used."""
ON_CPU = '`bend gen-c` makes a program for the CPU.'
OUT_OF_MEMORY = 2
"""The error of CUDA for that."""


def cuda_file(parts: Iterable[str], file: str) -> str:
    """A program that was made from a file as CUDA C++: what its parts need, and these."""
    head = (f'/* Made from {file.replace("*/", "* /")} by bend {__version__}.', '',
            '   nvcc -O2 -arch=native PROGRAM.cu -o PROGRAM', '   ./PROGRAM --help */', '',
            part('gpu_headers.h'), part('types.h'), part('gpu_support.h'),
            '/* ---- The runtime and the program, for the GPU -----------------------------------------------------'
            ' */', '')
    return '\n'.join((*head, *parts)).rstrip() + '\n'


def device_tables(sizes: Mapping[str, int], render: Render) -> Iterator[str]:
    """What the host must know to use a GPU, with sizes of the engine, and what it says when the GPU fails."""
    yield '#define WHERE_MEMORY_IS " on the GPU"'
    yield ''
    yield '/* How the GPU is used: as `bend run-cu` uses it. */'
    yield from (f'#define {name} ((u64){number})' for name, number in {**SIZES, **sizes}.items())
    yield ''
    yield from switch_text('static const char *failure_text(int code)', 'code',
                           ((code, render(failure_diagnostic(code))) for code in (OUT_OF_MEMORY, *FAILURES)), None)
    for name, text in (('FAULT_HINT', FAULT), ('NO_DRIVER_HINT', INSTALL_DRIVER), ('NO_GPU_HINT', NO_GPU)):
        yield ''
        yield from text_macro(name, text)


def failure_diagnostic(code: int) -> Diagnostic:
    """What a program says of an error of CUDA."""
    failure = failure_of(CudaError(code, ''))
    return error('gpu-failed', failure.message, hint=ON_CPU if failure.hint == RUN_ON_CPU else failure.hint)
