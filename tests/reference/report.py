"""Runs the reference's own programs through this project and says where results and verdicts differ.

    python tests/reference/report.py [CHECKOUT] [NAME ...] [--limit SECONDS] [--details]

CHECKOUT is a checkout of the reference's repository; without it, the environment variable BEND_REFERENCE names one.
A NAME is a part of the name of a program, such as `run_file` or `run_file/addition`; without names all are run.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from differences import load_differences
from suite import Case, checkout_of, find_cases
from trial import TIME_LIMIT, Outcome, try_case


def main() -> int:
    """The exit code: 0 when every difference is a listed one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkout', nargs='?')
    parser.add_argument('names', nargs='*')
    parser.add_argument('--limit', type=float, default=TIME_LIMIT, help='seconds for one command')
    parser.add_argument('--details', action='store_true', help='show both sides of each difference')
    arguments = parser.parse_args()
    try:
        checkout = checkout_of(arguments.checkout)
    except ValueError as problem:
        parser.error(str(problem))
    if checkout is None:
        parser.error('name a checkout of the reference')
    cases = [case for case in find_cases(checkout)
             if not arguments.names or any(name in case.name for name in arguments.names)]
    outcomes = {}
    for case in cases:
        outcomes[case] = try_case(case, arguments.limit)
        _show(case, outcomes[case], arguments.details)
    return _summarise(outcomes)


def _show(case: Case, outcome: Outcome, details: bool) -> None:
    listed = load_differences().get(case.name)
    if outcome.kind == 'equal' and listed is None:
        return
    note = f'listed: {listed.cause}' if listed is not None else 'not listed'
    print(f'{outcome.kind:8} {case.name} ({note})')
    if details and outcome.detail:
        print('    ' + outcome.detail.replace('\n', '\n    '))
    sys.stdout.flush()


def _summarise(outcomes: dict[Case, Outcome]) -> int:
    count = Counter(case.folder for case in outcomes)
    equal = Counter(case.folder for case, outcome in outcomes.items() if outcome.kind == 'equal')
    print()
    for folder in sorted(count):
        print(f'{folder:24} {equal[folder]:4} of {count[folder]:4} equal, {equal[folder] / count[folder]:7.1%}')
    print(f'{"all":24} {sum(equal.values()):4} of {len(outcomes):4} equal')
    listed = load_differences()
    surprising = [case for case, outcome in outcomes.items() if (outcome.kind == 'equal') == (case.name in listed)]
    return 1 if surprising else 0


if __name__ == '__main__':
    sys.exit(main())
