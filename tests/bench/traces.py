#!/usr/bin/env python3
"""What it costs that errors tell which calls led there: when programs are compiled, and when an error is shown.

    traces.py [--runs 5] [--memory 300M] FILE …

First a recursion that needs more than so much memory: how many calls are on its stack, and how long it takes to find
them. Then for each program the processor time of compiling it without and with debug information, the least of the
runs, and the bytes of its object code without the kernel's; and whether the machine code is the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from elftools.elf.elffile import ELFFile

from bend import api, running_direct
from bend.cli.arguments import parse_bend
from bend.codegen.direct.compile import compile_direct
from bend.codegen.llvm_module import ModuleEmitter
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError
from bend.driver import Request, compile_source
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source

DEEP = 'count n = switch n { 0: 0; _: (+ 1 (count n-1)) }\nmain = (+ 1 (count 16000000))\n'


def compiled(path: Path, runs: int, is_traced: bool) -> tuple[float, bytes]:
    """Seconds to compile a program, and its object code."""
    request = Request(Source(str(path), path.read_text(encoding='utf-8')), Options(), RUN_SEVERITIES, is_run=True)
    book = compile_source(request, PassManager(Options()), Cache(None), None).book
    ModuleEmitter.is_traced = is_traced
    best, code = float('inf'), b''
    for _ in range(runs):
        start = time.process_time()
        code = with_deep_stack(lambda: compile_direct(book, parallel=True)).object_code
        best = min(best, time.process_time() - start)
    return best, code


def instructions(object_code: bytes) -> list[bytes]:
    """The machine code in an object file."""
    return [section.data() for section in ELFFile(BytesIO(object_code)).iter_sections()
            if section.name.startswith('.text')]


def show_deep(memory: int) -> None:
    """Runs the recursion."""
    where, seconds = running_direct._where, [0.0]

    def measured(*arguments: object) -> object:
        start = time.perf_counter()
        found = where(*arguments)  # type: ignore[arg-type]
        seconds[0] = time.perf_counter() - start
        return found

    running_direct._where = measured  # type: ignore[assignment]
    try:
        api.compile(DEEP, engine='direct').run(threads=1, memory=memory)
    except BendError as problem:
        calls = sum(callers.times for callers in problem.diagnostics[0].trace.callers)
        print(f'{calls} calls found in {seconds[0]:.3f} s')


def main() -> int:
    """Measures the deep program, then all others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--memory', default='300M')
    parser.add_argument('files', type=Path, nargs='*')
    options = parser.parse_args()
    # What is compiled without debug information must not be taken for the usual code.
    os.environ['BEND_CACHE_DIR'] = ''
    show_deep(parse_bend(['run', 'f', '--memory', options.memory]).memory)
    for path in options.files:
        (without, plain), (traced, code) = (compiled(path, options.runs, is_traced) for is_traced in (False, True))
        same = 'same code' if instructions(plain) == instructions(code) else 'DIFFERENT CODE'
        print(f'{path.stem:12} {without:.3f} s, {traced:.3f} s; {len(plain)} bytes, {len(code)} bytes; {same}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
