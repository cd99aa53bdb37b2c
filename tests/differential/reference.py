"""The reference as an oracle: its compiler, and its C runtime built for one thread.

`bend run-c` starts eight threads that spin, which takes seconds on a small machine. So the runtime that `hvm gen-c`
prints is built once with `-DTPC_L2=0` and reads the book from a file; what `bend` starts in place of `hvm` is a script
that hands it that file. This runtime performs no IO: looking for it in the result would count as interactions.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 20
MISSING = 'gcc, or the reference, is not installed: cargo install --locked bend-lang@0.2.38 hvm@2.0.22'

_READER = '''
int main(int count, char** arguments) {
  FILE* file = fopen(arguments[1], "r");
  size_t size = 0, room = 1 << 16;
  u8* book = malloc(room);
  unsigned byte;
  while (fscanf(file, "%u%*[, ]", &byte) == 1) {
    if (size == room) book = realloc(book, room *= 2);
    book[size++] = byte;
  }
  fclose(file);
  hvm_c((u32*)book);
  return 0;
}
'''
_SCRIPT = '''#!/bin/sh
"{hvm}" gen-c "$2" | sed -n 's/^static const u8 BOOK_BUF.. = {{\\(.*\\)}};$/\\1/p' > .book
timeout {timeout} "{runtime}" .book
[ $? = 124 ] && touch .slow
'''


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reference says of a program: `kind` is `value` (with the printed result and the interactions),
    `refused` (with the message), `slow` or `failed` (it crashed or printed no result)."""

    kind: str
    text: str = ''
    interactions: int = 0


def commands() -> tuple[str, str] | None:
    """The paths of the reference's `bend` and `hvm`; None if they, or gcc, are not installed."""
    folder = Path(os.environ.get('CARGO_HOME', Path.home() / '.cargo')) / 'bin'
    bend, hvm = (shutil.which(name, path=str(folder)) for name in ('bend', 'hvm'))
    return None if bend is None or hvm is None or shutil.which('gcc') is None else (bend, hvm)


class Reference:
    """The installed reference. Programs are run in `folder`, which each process needs one of."""

    def __init__(self, folder: Path) -> None:
        found = commands()
        assert found is not None, MISSING
        self.bend, hvm = found
        self.folder = folder
        self.hvm = self._runtime(hvm)

    def _runtime(self, hvm: str) -> str:
        book = self.folder / 'one.hvm'
        book.write_text('@main = 1\n')
        code = subprocess.run([hvm, 'gen-c', book], check=True, capture_output=True, text=True).stdout
        code = re.sub(r'^#define (COMPILED|IO)$', '', code, flags=re.MULTILINE)
        code = re.sub(r'^static const u8 BOOK_BUF\[\] = .*$', '', code, flags=re.MULTILINE)
        code, mains = re.subn(r'^int main\(\) \{.*?^\}$', lambda _: _READER, code, flags=re.MULTILINE | re.DOTALL)
        assert mains == 1
        program = self.folder / 'runtime'
        program.with_suffix('.c').write_text(code)
        subprocess.run(['gcc', '-O2', '-w', '-DTPC_L2=0', program.with_suffix('.c'), '-o', program, '-lm',
                        '-lpthread', '-ldl'], check=True)
        script = self.folder / 'hvm'
        script.write_text(_SCRIPT.format(hvm=hvm, runtime=program, timeout=TIMEOUT))
        script.chmod(0o755)
        return str(script)

    def run(self, text: str, *options: str) -> Verdict:
        """Runs a program with compiler options and without checking its types."""
        chosen = [word for option in ('no-type-check', *options) for word in ('-O', option)]
        done = self._start(text, 'run-c', '-s', *chosen, '--hvm-bin', self.hvm)
        if done is None:
            return Verdict('slow')
        result = re.search(r'^Result: (.*?)\n- ITRS: (\d+)$', done.stdout, re.MULTILINE | re.DOTALL)
        if result is not None:
            return Verdict('value', result[1], int(result[2]))
        return Verdict('slow') if (self.folder / '.slow').exists() else _error(done)

    def check(self, text: str) -> Verdict:
        """Checks a program with its types and without running it."""
        done = self._start(text, 'check')
        if done is None:
            return Verdict('slow')
        return Verdict('value') if done.returncode == 0 else _error(done)

    def _start(self, text: str, command: str, *options: str) -> subprocess.CompletedProcess[str] | None:
        file = self.folder / 'program.bend'
        file.write_text(text, encoding='utf-8')
        (self.folder / '.slow').unlink(missing_ok=True)
        try:
            return subprocess.run([self.bend, command, *options, file.name], cwd=self.folder, capture_output=True,
                                  text=True, timeout=2 * TIMEOUT, errors='replace')
        except subprocess.TimeoutExpired:
            return None


def _error(done: subprocess.CompletedProcess[str]) -> Verdict:
    """The verdict on a program without a result."""
    refused = 'Errors:' in done.stderr and 'HVM output had no result' not in done.stderr
    return Verdict('refused' if refused else 'failed', plain(done.stderr + done.stdout))


def temporary() -> tempfile.TemporaryDirectory[str]:
    """A folder for a `Reference`."""
    return tempfile.TemporaryDirectory(prefix='bend-reference-')


def plain(text: str) -> str:
    """Text without colours."""
    return re.sub(r'\x1b\[[0-9;]*m', '', text).strip()
