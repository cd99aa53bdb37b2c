"""What a run cost, as `-s` and `--stats` show it."""

from __future__ import annotations

import json
import resource
import sys
from typing import TYPE_CHECKING, Any

from bend.cli.phases import PHASES, Phases
from bend.engines import Engine
from bend.running import RunResult
from bend.running_direct import DirectResult

if TYPE_CHECKING:
    from bend.running_gpu import GpuUse

Result = RunResult | DirectResult

RULE_NAMES = {'call': 'CALL', 'void': 'VOID', 'erase': 'ERAS', 'annihilate': 'ANNI', 'commute': 'COMM',
              'operate': 'OPER', 'switch': 'SWIT'}
"""The rules as the literature writes them."""
WORK = ('calls', 'allocations', 'reused', 'forks', 'steals')
"""What workers of the direct engine count."""


def short(result: Result) -> str:
    """The three lines of the reference (spec 08, section 1.1). The direct engine has no interactions. The name of the
    GPU, if there is one, stands before the time."""
    device = '' if result.gpu is None else f'- DEVICE: {result.gpu.name}\n'
    if isinstance(result, DirectResult):
        return f'- ENGINE: direct\n{device}- TIME: {result.seconds:.6f}s\n'
    return (f'- ITRS: {result.interactions}\n{device}- TIME: {result.seconds:.6f}s\n'
            f'- MIPS: {_speed(result):.2f}\n')


def full(result: Result, phases: Phases) -> str:
    """These lines, and then tables."""
    is_direct = isinstance(result, DirectResult)
    parts = [short(result)]
    if not isinstance(result, DirectResult):
        parts.append(_rules_table(result))
    if result.gpu is not None:
        parts.append(_gpu_table(result.gpu))
    elif isinstance(result, DirectResult):
        parts.append(_work_table(result))
    elif len(result.workers) > 1:
        parts.append(_workers_table(result))
    rows = [(f'peak of {"values" if is_direct else "nets"}',
             _megabytes(result.peak_bytes) if result.peak_bytes else 'not measured'),
            ('peak of process', _megabytes(_process_peak()))]
    parts.append(_table('Memory', rows))
    inner = f' ({"evaluating" if is_direct else "reducing"}: {result.seconds:.6f} s)'
    notes = {'front_end': ' (from the cache)' if phases.cached else '', 'run': inner}
    rows = [(title, f'{phases.seconds[name]:.6f} s{notes.get(name, "")}') for name, title in PHASES.items()]
    parts.append(_table('Time', rows))
    return '\n'.join(parts)


def as_json(result: Result, phases: Phases, engine: Engine) -> str:
    """Everything as one line of JSON."""
    is_direct = isinstance(result, DirectResult)
    seconds = {'evaluating' if is_direct else 'reducing': result.seconds, **phases.seconds}
    peak = {'values' if is_direct else 'nets': result.peak_bytes or None, 'process': _process_peak()}
    data: dict[str, Any] = {'engine': engine}
    if not isinstance(result, DirectResult):
        data |= {
            'interactions': result.interactions,
            'by_rule': {name: result.by_rule.get(rule, 0) for rule, name in RULE_NAMES.items()},
            'mips': round(_speed(result), 3),
        }
    if result.gpu is not None:
        data |= _gpu_data(result.gpu)
        seconds |= {'kernel': result.gpu.kernel_seconds, 'opening': result.gpu.opening}
    elif isinstance(result, DirectResult):
        data |= _direct_workers(result)
    else:
        data |= _net_workers(result)
    return json.dumps({**data, 'seconds': seconds, 'cached': phases.cached, 'peak_bytes': peak}) + '\n'


def _net_workers(result: RunResult) -> dict[str, Any]:
    return {
        'threads': max(1, len(result.workers)),
        'workers': [{'interactions': worker.interactions, 'tasks_given': worker.tasks_given,
                     'messages': worker.messages} for worker in result.workers],
    }


def _direct_workers(result: DirectResult) -> dict[str, Any]:
    workers = [{name: getattr(worker, name) for name in (*WORK, 'fresh_bytes')} for worker in result.workers]
    return {**{name: sum(worker[name] for worker in workers) for name in WORK}, 'threads': len(workers),
            'workers': workers}


def _gpu_data(use: GpuUse) -> dict[str, Any]:
    return {'device': use.name, 'blocks': use.blocks, 'threads_per_block': use.threads, 'launches': use.launches,
            **use.work}


def _speed(result: RunResult) -> float:
    """Millions of interactions in a second."""
    return result.interactions / result.seconds / 1e6 if result.seconds else 0.0


def _process_peak() -> int:
    """The most memory that this process had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak << 10


def _megabytes(count: int) -> str:
    return f'{count / (1 << 20):.1f} MB'


def _rules_table(result: RunResult) -> str:
    counts = [(name, result.by_rule.get(rule, 0)) for rule, name in RULE_NAMES.items()]
    width = max(len(str(count)) for _, count in counts)
    return _table('Interactions by rule',
                  [(name, f'{count:{width}}  {count / max(1, result.interactions):6.1%}') for name, count in counts])


def _workers_table(result: RunResult) -> str:
    workers = result.workers
    width = len(str(result.interactions))
    rows = [(f'thread {number}', f'{worker.interactions:{width}}  tasks given away: {worker.tasks_given}, '
                                 f'messages sent: {worker.messages}') for number, worker in enumerate(workers, 1)]
    return _table('Interactions by thread', rows)


def _work_table(result: DirectResult) -> str:
    rows = [(f'thread {number}', f'calls: {worker.calls}, cells allocated: {worker.allocations}, used again in place: '
                                 f'{worker.reused}, {_megabytes(worker.fresh_bytes)} first used here, tasks forked: '
                                 f'{worker.forks}, taken from others: {worker.steals}')
            for number, worker in enumerate(result.workers, 1)]
    return _table('Work by thread', rows)


def _gpu_table(use: GpuUse) -> str:
    return _table('GPU', [
        ('grid', f'{use.blocks} blocks of {use.threads} threads'),
        ('launches', str(use.launches)),
        *((name, str(count)) for name, count in use.work.items()),
        ('opening', f'{use.opening:.6f} s'),
        ('kernel', f'{use.kernel_seconds:.6f} s')])


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return ''.join([f'{title}:\n', *(f'  {name.ljust(width)}  {text}\n' for name, text in rows)])
