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
    """The three lines of the reference (spec 08, section 1.1). The direct engine has no interactions."""
    if isinstance(result, DirectResult):
        device = '' if result.gpu is None else f'- DEVICE: {result.gpu.name}\n'
        return f'- ENGINE: direct\n{device}- TIME: {result.seconds:.6f}s\n'
    return (f'- ITRS: {result.interactions}\n- TIME: {result.seconds:.6f}s\n'
            f'- MIPS: {_speed(result):.2f}\n')


def full(result: Result, phases: Phases) -> str:
    """These lines, and then tables."""
    is_direct = isinstance(result, DirectResult)
    parts = [short(result)]
    if isinstance(result, DirectResult):
        parts.append(_work_table(result) if result.gpu is None else _gpu_table(result.gpu))
    else:
        parts.append(_rules_table(result))
        if len(result.workers) > 1:
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
    data = {'engine': engine, **(_direct_data(result, phases) if isinstance(result, DirectResult) else
                                 _net_data(result, phases))}
    return json.dumps(data) + '\n'


def _net_data(result: RunResult, phases: Phases) -> dict[str, Any]:
    return {
        'interactions': result.interactions,
        'by_rule': {name: result.by_rule.get(rule, 0) for rule, name in RULE_NAMES.items()},
        'mips': round(_speed(result), 3),
        'seconds': {'reducing': result.seconds, **phases.seconds},
        'cached': phases.cached,
        'peak_bytes': {'nets': result.peak_bytes or None, 'process': _process_peak()},
        'threads': max(1, len(result.workers)),
        'workers': [{'interactions': worker.interactions, 'tasks_given': worker.tasks_given,
                     'messages': worker.messages} for worker in result.workers],
    }


def _direct_data(result: DirectResult, phases: Phases) -> dict[str, Any]:
    if result.gpu is not None:
        return _gpu_data(result, result.gpu, phases)
    workers = [{name: getattr(worker, name) for name in (*WORK, 'fresh_bytes')} for worker in result.workers]
    return {
        **{name: sum(worker[name] for worker in workers) for name in WORK},
        'seconds': {'evaluating': result.seconds, **phases.seconds},
        'cached': phases.cached,
        'peak_bytes': {'values': result.peak_bytes, 'process': _process_peak()},
        'threads': len(workers),
        'workers': workers,
    }


def _gpu_data(result: DirectResult, use: GpuUse, phases: Phases) -> dict[str, Any]:
    return {
        'device': use.name, 'blocks': use.blocks, 'threads_per_block': use.threads, 'launches': use.launches,
        'waves': use.waves, 'rounds': use.rounds,
        'seconds': {'evaluating': result.seconds, 'kernel': use.kernel_seconds, 'opening': use.opening,
                    **phases.seconds},
        'cached': phases.cached,
        'peak_bytes': {'values': result.peak_bytes, 'process': _process_peak()},
    }


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
        ('launches', f'{use.launches}, the last one of {use.waves} waves and {use.rounds} rounds of the first block'),
        ('opening', f'{use.opening:.6f} s'),
        ('kernel', f'{use.kernel_seconds:.6f} s')])


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return ''.join([f'{title}:\n', *(f'  {name.ljust(width)}  {text}\n' for name, text in rows)])
