"""Programs through the commands: results on stdout, findings on stderr, exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
Write = Callable[[str], str]

SUM = 'def main(a, b):\n  return a + b\n'
UNUSED = 'def main():\n  return 1\n\ndef other():\n  return 2\n'
ROOT = Path(__file__).resolve().parents[2]


def test_run_prints_the_result(bend: Command, program: Write) -> None:
    outcome = bend('run', program(SUM), '40', '2')
    assert (outcome.code, outcome.out, outcome.err) == (0, 'Result: 42\n', '')


def test_both_engines_agree(bend: Command, program: Write) -> None:
    path = program(SUM)
    net = bend('run', path, '-s', '40', '2', '-t', '2', '--engine', 'net')
    reference = bend('run', path, '-s', '40', '2', '--engine', 'reference')
    pattern = r'Result: 42\n- ITRS: (\d+)\n- TIME: \d+\.\d{6}s\n- MIPS: \d+\.\d\d\n'
    found = [re.fullmatch(pattern, outcome.out) for outcome in (net, reference)]
    assert found[0] and found[1] and found[0][1] == found[1][1]


def test_arguments_are_terms(bend: Command, program: Write) -> None:
    path = program('def twice(x):\n  return x * 2\n\ndef main(f, x):\n  return f(x)\n')
    assert bend('run', path, 'twice', '(+ 1 2)').out == 'Result: 6\n'
    assert bend('run', path, 'λx (- x 1)', '--', '+5').out == 'Result: +4\n'
    assert bend('run', path, 'twice').code == 0


def test_a_wrong_argument_is_a_wrong_command_line(bend: Command, program: Write) -> None:
    outcome = bend('run', program(SUM), '1', '(+ 2')
    assert outcome.code == 2
    assert '--> <argument 2>:1:' in outcome.err
    assert '(+ 2' in outcome.err
    assert outcome.out == ''


def test_a_syntax_error_shows_the_place(bend: Command, program: Write) -> None:
    path = program('def main()\n  return 1\n')
    for command in ('run', 'check', 'desugar', 'gen-hvm'):
        outcome = bend(command, path)
        assert (outcome.code, outcome.out) == (1, '')
        assert outcome.err.startswith('error[')
        assert f'--> {path}:1:11' in outcome.err
        assert '1 | def main()' in outcome.err


def test_an_unbound_variable(bend: Command, program: Write) -> None:
    outcome = bend('check', program('def main():\n  return nothing\n'))
    assert outcome.code == 1
    assert 'nothing' in outcome.err
    assert ':2:10' in outcome.err


def test_check_is_silent_when_all_is_well(bend: Command, program: Write) -> None:
    outcome = bend('check', program('def main():\n  return 1\n'))
    assert (outcome.code, outcome.out, outcome.err) == (0, '', '')


def test_severities_of_warnings(bend: Command, program: Write) -> None:
    path = program(UNUSED)
    checked = bend('check', path)
    assert (checked.code, checked.out) == (0, '')
    assert 'warning[unused-definition]' in checked.err
    assert bend('check', path, '-A', 'unused-definition').err == ''
    assert bend('check', path, '-D', 'unused-definition').code == 1
    assert bend('check', path, '-D', 'all', '-W', 'unused-definition').code == 0
    assert bend('run', path).err == ''
    for _ in range(2):  # the second time, the program comes from the cache, and its warnings too
        assert 'warning[unused-definition]' in bend('run', path, '-W', 'all').err
    assert bend('run', path, '-D', 'all').code == 1


def test_missing_main(bend: Command, program: Write) -> None:
    path = program('def other():\n  return 2\n')
    assert 'missing-main' in bend('check', path).err
    assert bend('check', path).code == bend('run', path).code == 1
    assert bend('check', path, '-A', 'all').code == 1
    assert bend('check', path, '-A', 'missing-main').code == 0
    assert bend('run', path, '-A', 'missing-main').code == 1


def test_recursion_cycles(bend: Command, program: Write) -> None:
    path = program('loop = λx (loop x)\nmain = (loop 1)\n')
    outcome = bend('check', path, '-O', 'no-eta')
    assert outcome.code in (0, 1)
    assert 'internal error' not in outcome.err


def test_division_by_zero(bend: Command, program: Write) -> None:
    for engine in ('auto', 'net', 'reference'):
        outcome = bend('run', program(SUM.replace('+', '/')), '1', '0', '--engine', engine)
        assert (outcome.code, outcome.out) == (1, '')
        assert 'error[division-by-zero]' in outcome.err


def test_running_out_of_memory(bend: Command, program: Write) -> None:
    path = program('def main():\n  bend d = 0:\n    when d < 24:\n      t = ![fork(d + 1), fork(d + 1)]\n'
                   '    else:\n      t = !d\n  return t\n')
    outcome = bend('run', path, '--memory', '50M')
    assert (outcome.code, outcome.out) == (1, '')
    assert 'error[out-of-memory]' in outcome.err


def test_desugar_and_gen_hvm_print_the_program(bend: Command, hvm: Command, program: Write, tmp_path: Path) -> None:
    path = program('def main():\n  return 40 + 2\n')
    assert 'main' in bend('desugar', path).out
    assert 'main' in bend('desugar', '-p', path).out
    nets = tmp_path / 'main.hvm'
    nets.write_text(bend('gen-hvm', path).out)
    assert hvm('run', nets).out == 'Result: 42\n'


def test_dumps_and_timings(bend: Command, program: Write) -> None:
    outcome = bend('run', program('def main():\n  return 1\n'), '--dump-after', 'linear_vars', '--time-passes')
    assert outcome.out == 'Result: 1\n'
    assert '---- after linear_vars ----\n' in outcome.err
    assert re.search(r'^ +\d+\.\d\d ms  equations$', outcome.err, re.MULTILINE)
    wrong = bend('run', program('def main():\n  return 1\n'), '--dump-after', 'magic')
    assert wrong.code == 2
    assert "There is no pass 'magic'" in wrong.err


def test_verbose_prints_the_loaded_program(bend: Command, program: Write) -> None:
    outcome = bend('run', '-v', program('def main():\n  return 1\n'))
    assert 'List/length' in outcome.out
    assert outcome.out.endswith('Result: 1\n')


def test_another_entry_point(bend: Command, program: Write) -> None:
    path = program('def start(x):\n  return x + 1\n')
    assert bend('run', path, '-e', 'start', '4').out == 'Result: 5\n'
    assert bend('run', path, '-e', 'start', '4', '--engine', 'reference').out == 'Result: 5\n'
    assert bend('run', path, '-e', 'stop').code == 1


def test_folded_references_are_shown_as_values(bend: Command, program: Write) -> None:
    path = program('twice = λx (* x 2)\ncompute = (twice 21)\nmain = λf (f compute twice)\n')
    assert bend('run', path).out == 'Result: λa (a 42 twice)\n'
    assert bend('run', path, '--readback', 'lambda').out == 'Result: λa (a compute twice)\n'


def test_pretty(bend: Command, program: Write) -> None:
    assert bend('run', '-p', program('main = [1, 2]')).out == 'Result:\n[1 2]\n'


def test_io_prints_what_it_ends_with(bend: Command, program: Write) -> None:
    assert bend('run', program('main = (IO/wrap 42)')).out == 'Result: 42\n'
    assert bend('run', program('main = (IO/wrap *)')).out == ''


def test_an_unchanged_program_is_not_compiled_again(bend: Command, program: Write,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    path = program('def main(x):\n  return x + 1234\n')
    assert bend('run', path, '1').out == 'Result: 1235\n'

    def refuse(*arguments: object) -> None:
        raise AssertionError('it was compiled again')
    monkeypatch.setattr('bend.compiling.compile_source', refuse)
    assert bend('run', path, '1').out == 'Result: 1235\n'
    assert bend('run', path, '2').code == 101
    assert bend('run', path, '1', '-O', 'no-eta').code == 101


@pytest.mark.parametrize('text', ['', '\n\n', '# nothing\n', '(' * 3000, '\0', 'def', '\ufeffdef main():\n  return 1\n',
                                  'def main():\r\n  return 1\r\n', 'main = ' + '(' * 20000 + '1' + ')' * 20000,
                                  'def main():\n' + ''.join(f'{"  " * n}if 1:\n' for n in range(1, 200)),
                                  'main = ' + '9' * 10000, 'main = "' + 'x' * 10000, '\u202e main = 1', '}' * 100])
def test_odd_sources_give_diagnostics(text: str, bend: Command, program: Write) -> None:
    outcome = bend('check', program(text))
    assert outcome.code in (0, 1)
    assert 'internal error' not in outcome.err
    assert (outcome.code == 1) == ('error[' in outcome.err)


def test_ctrl_c_ends_a_run_at_once(program: Write) -> None:
    path = program('def main():\n  bend n = 0:\n    when n + 1:\n      r = fork(n)\n    else:\n      r = 0\n'
                   '  return r\n')
    command = [sys.executable, '-m', 'bend', 'run', path, '-t', '2', '--memory', '2G']
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=os.environ) as process:
        time.sleep(2)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    if process.returncode == 1:
        pytest.skip('the program ran out of memory before it could be interrupted')
    assert time.monotonic() - start < 2
    assert (process.returncode, out, err) == (130, '', '')


def test_the_program_in_the_readme(bend: Command, program: Write) -> None:
    text = (ROOT / 'README.md').read_text()
    code = re.search(r'```python\n(.*?)```', text, re.DOTALL)
    shown = re.search(r'^Result: .*\n- ENGINE: direct\n', text, re.MULTILINE)
    assert code and shown
    assert bend('run', program(code[1]), '10', '-s').out.startswith(shown[0])
