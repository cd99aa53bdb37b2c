"""Trying a program: what this project does with it, compared with what was recorded of the reference.

Every command runs in a process of its own, forked from this one, so that a program can neither hang the suite nor eat
the machine's memory, and nothing has to be imported again.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bend.cli.main import CRASH, main
from bend.diagnostics import BendError
from bend.hvm.readback import readback
from bend.hvm.show import show
from bend.hvm.text import parse_net
from bend.source import Source

sys.path.insert(0, str(Path(__file__).resolve().parent))
from suite import COMMANDS, FOLDERS, NETS, Case, same_result

TIME_LIMIT = 60.0
"""Seconds that one command may take. The slowest takes some three on a machine that has nothing else to do."""

MEMORY = '2G'

_POLL_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a command did; `code` is None where it did not end in time."""

    code: int | None
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program fares: `kind` is `equal`, `verdict` or `result` (they differ), `crash` or `timeout`. `detail`
    tells both sides of a difference."""

    kind: str
    detail: str = ''


EQUAL = Outcome('equal')


def attempt(action: Callable[[], int], directory: Path, limit: float = TIME_LIMIT) -> Attempt:
    """Runs an action, which gives an exit code, in a forked process: its streams and its exit code."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os._exit(_act(action, directory, out.fileno(), err.fileno()))
        status = _wait(child, limit)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode('utf-8', 'replace'))
        return Attempt(None if status is None else os.waitstatus_to_exitcode(status), *texts)


def _act(action: Callable[[], int], directory: Path, out: int, err: int) -> int:
    """The action's exit code, in the child."""
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout = os.fdopen(1, 'w', encoding='utf-8')
        sys.stderr = os.fdopen(2, 'w', encoding='utf-8')
        os.chdir(directory)
        code = action()
        sys.stdout.flush()
        sys.stderr.flush()
        return code
    except BaseException as problem:
        os.write(err, f'{type(problem).__name__}: {problem}'.encode())
        return CRASH


def _wait(child: int, limit: float) -> int | None:
    """The status of a child that ends within the limit; one that does not is killed."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(_POLL_SECONDS)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def try_case(case: Case, limit: float = TIME_LIMIT) -> Outcome:
    """How this project's treatment of a program compares with what was recorded."""
    recorded = case.recorded()
    attempts = _read_nets(case, limit) if case.folder == NETS else _run_commands(case, limit)
    for part, tried in attempts.items():
        if tried.code is None:
            return Outcome('timeout', f'{part} no end after {limit:.0f} seconds')
        if tried.code == CRASH or tried.code < 0:
            return Outcome('crash', f'{part} exit code {tried.code}\n{tried.err}')
        accepted = tried.code == 0 or _is_through(case, tried)
        if accepted != recorded.accepted:
            return Outcome('verdict', f'{part} {"accepted" if accepted else "refused"} here\n{_findings(tried.err)}')
    for part, theirs in recorded.results.items():
        ours = attempts[part].out.rpartition('Result:')[2].strip()
        if not same_result(ours, theirs):
            return Outcome('result', f'{part}\n  here:      {ours}\n  reference: {theirs}')
    return EQUAL


def _findings(err: str) -> str:
    """The diagnostics without the program that was printed for `until`."""
    return re.sub('^---- after .*?^(?=warning|error|\\Z)', '', err, flags=re.MULTILINE | re.DOTALL).strip()


def _run_commands(case: Case, limit: float) -> dict[str, Attempt]:
    return {part: attempt(lambda words=words: main(words), case.checkout, limit)
            for part, words in _bounded(case).items()}


def _bounded(case: Case) -> dict[str, list[str]]:
    """The commands of a case, with a limit on memory for those that run."""
    return {part: [words[0], '--memory', MEMORY, *words[1:]] if words[0].startswith('run') else words
            for part, words in case.commands().items()}


def _is_through(case: Case, tried: Attempt) -> bool:
    """Whether the pass is through that the case's folder asks for."""
    until = None if case.folder == COMMANDS else FOLDERS[case.folder].until if case.folder in FOLDERS else None
    return until is not None and f'---- after {until} ----\n' in tried.err


def _read_nets(case: Case, limit: float) -> dict[str, Attempt]:
    """Reads a net back without reducing it."""
    def read() -> int:
        try:
            term = readback(parse_net(Source(case.place, case.source.read_text(encoding='utf-8')), linear=False))
        except BendError as problem:
            sys.stderr.write(str(problem))
            return 1
        sys.stdout.write(f'Result: {show(term, "lambda")}\n')
        return 0
    return {'': attempt(read, case.checkout, limit)}
