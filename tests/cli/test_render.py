"""Diagnostics as text."""

import pytest

from bend.cli.render import render, wants_color
from bend.diagnostics import Diagnostic, Label, Severity, error, warning
from bend.source import Source, Span

PROGRAM = Source('a.bend', 'def main():\n  return 1 + oops\n')


def span_of(text: str, source: Source = PROGRAM) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def test_an_error_with_everything() -> None:
    diagnostic = error('unbound-variable', "Unbound variable 'oops'.", span_of('oops'), label='not bound',
                       hint='Bind it.\nOr drop it.', definition='main')
    assert render([diagnostic]) == '''\
error[unbound-variable]: Unbound variable 'oops'.
 --> a.bend:2:14
  |
2 |   return 1 + oops
  |              ^^^^ not bound
  = in definition 'main'
  = hint: Bind it.
          Or drop it.

'''


def test_without_a_place() -> None:
    assert render([error('file-not-found', 'There is no file.')]) == 'error[file-not-found]: There is no file.\n\n'


def test_warnings_come_first_and_allowed_ones_not_at_all() -> None:
    text = render([error('e', 'wrong'), warning('w', 'careful'), Diagnostic('x', 'no', severity=Severity.ALLOW)])
    assert text == 'warning[w]: careful\n\nerror[e]: wrong\n\n'


def test_the_same_finding_twice_is_shown_once() -> None:
    assert render([error('e', 'wrong', span_of('oops'))] * 2).count('wrong') == 1


def test_a_span_of_several_lines_marks_the_first() -> None:
    text = render([error('e', 'wrong', Span(PROGRAM, 0, len(PROGRAM.text)))])
    assert '  | ^^^^^^^^^^^ (up to line 2)\n' in text


def test_the_end_of_the_text() -> None:
    text = render([error('e', 'wrong', Span(PROGRAM, len(PROGRAM.text), len(PROGRAM.text)))])
    assert ' --> a.bend:3:1\n' in text
    assert '^ the text ends here' in text


def test_an_empty_file() -> None:
    source = Source('empty.bend', '')
    assert ' --> empty.bend:1:1\n' in render([error('e', 'wrong', Span(source, 0, 0))])


@pytest.mark.parametrize('before', ['\t', 'ファ', 'e\u0301', 'λ'])
def test_marks_stand_under_what_they_mark(before: str) -> None:
    widths = {'\t': 4, 'ファ': 4, 'e\u0301': 1, 'λ': 1}
    source = Source('a.bend', f'{before}x')
    lines = render([error('e', 'wrong', span_of('x', source))]).splitlines()
    assert lines[-2] == '  | ' + ' ' * widths[before] + '^'


def test_very_long_lines_are_cut_around_the_place() -> None:
    source = Source('a.bend', 'a' * 5000 + 'X' + 'b' * 5000)
    lines = render([error('e', 'wrong', span_of('X', source))]).splitlines()
    assert len(lines[3]) < 250
    assert lines[3][lines[4].index('^')] == 'X'


def test_control_characters_do_not_reach_the_terminal() -> None:
    source = Source('a.bend', 'x\x1b[31my')
    assert '\x1b' not in render([error('e', 'wrong \x1b[31m', span_of('y', source))])


def test_two_labels_share_the_gutter() -> None:
    source = Source('a.bend', '\n' * 9 + 'one\ntwo\n')
    labels = (Label(span_of('two', source), 'here'), Label(Span(source, 0, 0), 'there'))
    text = render([Diagnostic('e', 'wrong', labels)])
    assert '11 | two\n   | ^^^ here\n' in text
    assert '  --> a.bend:1:1\n' in text


class Terminal:
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal: object = Terminal()
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.delenv('NO_COLOR', raising=False)
    assert wants_color('auto', terminal)  # type: ignore[arg-type]
    assert not wants_color('never', terminal)  # type: ignore[arg-type]
    monkeypatch.setenv('NO_COLOR', '1')
    assert not wants_color('auto', terminal)  # type: ignore[arg-type]
    assert wants_color('always', terminal)  # type: ignore[arg-type]
    assert '\x1b[1;31merror[e]\x1b[0m' in render([error('e', 'wrong')], color=True)
