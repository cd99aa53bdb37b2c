"""The pass manager, and the pipelines as data."""

import pytest

from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Severity, error, warning
from bend.driver import CORE_PIPELINE, NET_PIPELINE, PolicyReport
from bend.options import CHECK_SEVERITIES, FLAGS, RUN_SEVERITIES, WARNING_KINDS, Options, with_severity
from bend.passes import InternalError, Late, Pass, PassManager, Representation


def positive(number: int, stage: str) -> None:
    if number < 0:
        raise ValueError('it is negative')


NUMBERS = Representation(str, positive)
STEPS = [Pass('double', lambda number, context: number * 2),
         Pass('negate', lambda number, context: -number, lambda options: options.merge),
         Pass('add', lambda number, context: number + context)]


def test_passes_run_in_order_where_they_are_enabled() -> None:
    assert PassManager(Options()).run(STEPS, 5, 1, NUMBERS) == 11
    assert PassManager(Options(merge=True)).run(STEPS, 5, 1, NUMBERS) == -9


def test_every_pass_is_timed() -> None:
    manager = PassManager(Options())
    manager.run(STEPS, 5, 1, NUMBERS)
    assert [timing.name for timing in manager.timings] == ['double', 'add']


def test_dumps() -> None:
    dumped: list[tuple[str, str]] = []
    manager = PassManager(Options(), dump_after=frozenset({'double'}),
                          dump=lambda title, text: dumped.append((title, text)))
    manager.run(STEPS, 5, 1, NUMBERS)
    assert dumped == [('double', '10')]


def test_the_validator_names_the_guilty_pass() -> None:
    manager = PassManager(Options(merge=True), validating=True)
    with pytest.raises(InternalError, match=r'negate: .*it is negative'):
        manager.run(STEPS, 5, 1, NUMBERS)


def test_an_exception_names_its_pass() -> None:
    def broken(number: int, context: int) -> int:
        raise KeyError('x')
    with pytest.raises(InternalError, match='broken: KeyError'):
        PassManager(Options()).run([Pass('broken', broken)], 5, 1, NUMBERS)


def test_errors_of_the_program_pass_through() -> None:
    def refuse(number: int, context: int) -> int:
        raise BendError(error('e', 'wrong'))
    with pytest.raises(BendError):
        PassManager(Options()).run([Pass('refuse', refuse)], 5, 1, NUMBERS)


def test_all_passes_exist() -> None:
    late = [step.function for step in CORE_PIPELINE if isinstance(step.function, Late)]
    assert len(late) == len(CORE_PIPELINE)
    assert all(callable(function.resolve()) for function in late)
    assert len(NET_PIPELINE) == 7


def test_deep_recursion() -> None:
    def depth(number: int) -> int:
        return 0 if number == 0 else 1 + depth(number - 1)
    assert with_deep_stack(lambda: depth(50_000)) == 50_000
    with pytest.raises(BendError, match='nested too deeply'):
        with_deep_stack(lambda: depth(10_000_000))


def test_every_flag_changes_options_or_confirms_a_default() -> None:
    assert Options().with_flags(['no-eta', 'eta']) == Options()
    assert Options().with_flags(['all', 'no-all', 'type-check']) == Options().with_flags(['no-all'])
    assert Options().with_flag('adt-scott').encoding == 'scott'
    assert all(isinstance(Options().with_flag(flag), Options) for flag in FLAGS)
    with pytest.raises(ValueError, match='fast'):
        Options().with_flag('fast')


def test_severities() -> None:
    assert set(RUN_SEVERITIES) == set(CHECK_SEVERITIES) == set(WARNING_KINDS)
    denied = with_severity(RUN_SEVERITIES, 'all', Severity.ERROR)
    assert denied['unused-definition'] is Severity.ERROR
    assert with_severity(RUN_SEVERITIES, 'all', Severity.ALLOW)['missing-main'] is Severity.ERROR
    assert with_severity(denied, 'repeated-bind', Severity.ALLOW)['repeated-bind'] is Severity.ALLOW
    with pytest.raises(ValueError, match='nonsense'):
        with_severity(denied, 'nonsense', Severity.ALLOW)


def test_the_report_follows_the_users_severities() -> None:
    report = PolicyReport({'a': Severity.ALLOW, 'b': Severity.ERROR})
    report.add(warning('a', 'one'))
    report.add(warning('b', 'two'))
    report.add(warning('c', 'three'))
    assert [(found.code, found.severity) for found in report.diagnostics] == [('b', Severity.ERROR),
                                                                             ('c', Severity.WARNING)]
