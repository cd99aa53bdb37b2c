"""What the user can choose about a compilation: compiler options (spec 03 section 1) and severities of warnings.

Light on purpose: a program that is found in the cache must start without the compiler being imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from bend.diagnostics import Severity
from bend.records import dataclass, replace

LinearizeMatches = Literal['on', 'alt', 'off']
Encoding = Literal['num-scott', 'scott']
Readback = Literal['default', 'lambda']

WARNING_KINDS = ('irrefutable-match', 'redundant-match', 'unreachable-match', 'unused-definition', 'repeated-bind',
                 'misspelt-constructor', 'recursion-cycle', 'import-shadow', 'clones-cloning-function', 'missing-main')


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that decides what a program is compiled to. Defaults are those of every command (02 section 1.1),
    except that `eta` is on everywhere: results must not depend on the command."""

    eta: bool = True
    prune: bool = False
    linearize_matches: LinearizeMatches = 'on'
    float_combinators: bool = True
    merge: bool = False
    inline: bool = False
    check_net_size: bool = True
    type_check: bool = True
    encoding: Encoding = 'num-scott'
    check_overflow: bool = False
    entrypoint: str | None = None

    def with_flag(self, flag: str) -> Options:
        """These options after one `-O` value; raises `ValueError` for an unknown one."""
        if flag not in FLAGS:
            raise ValueError(flag)
        return FLAGS[flag](self)

    def with_flags(self, flags: Iterable[str]) -> Options:
        """These options after several `-O` values, left to right."""
        options = self
        for flag in flags:
            options = options.with_flag(flag)
        return options


def _switch(name: str, value: object) -> Callable[[Options], Options]:
    # `replace` takes keywords by name, which a type checker cannot follow through a variable.
    return lambda options: replace(options, **{name: value})  # type: ignore[arg-type]


FLAGS: dict[str, Callable[[Options], Options]] = {
    'all': lambda options: replace(options, eta=True, prune=True, linearize_matches='on', float_combinators=True,
                                   merge=True, inline=True, type_check=True),
    'no-all': lambda options: replace(options, eta=False, prune=False, linearize_matches='off',
                                      float_combinators=False, merge=False, inline=False),
    'eta': _switch('eta', True),
    'no-eta': _switch('eta', False),
    'prune': _switch('prune', True),
    'no-prune': _switch('prune', False),
    'linearize-matches': _switch('linearize_matches', 'on'),
    'linearize-matches-alt': _switch('linearize_matches', 'alt'),
    'no-linearize-matches': _switch('linearize_matches', 'off'),
    'float-combinators': _switch('float_combinators', True),
    'no-float-combinators': _switch('float_combinators', False),
    'merge': _switch('merge', True),
    'no-merge': _switch('merge', False),
    'inline': _switch('inline', True),
    'no-inline': _switch('inline', False),
    'check-net-size': _switch('check_net_size', True),
    'no-check-net-size': _switch('check_net_size', False),
    'type-check': _switch('type_check', True),
    'no-type-check': _switch('type_check', False),
    'adt-num-scott': _switch('encoding', 'num-scott'),
    'adt-scott': _switch('encoding', 'scott'),
}

Severities = Mapping[str, Severity]

RUN_SEVERITIES: Severities = (dict.fromkeys(WARNING_KINDS, Severity.ALLOW)
                              | {'missing-main': Severity.ERROR, 'clones-cloning-function': Severity.WARNING})
"""What `run` starts from: it does not talk about style, only of results that may be wrong."""

CHECK_SEVERITIES: Severities = (dict.fromkeys(WARNING_KINDS, Severity.WARNING)
                                | {'missing-main': Severity.ERROR, 'recursion-cycle': Severity.ERROR})
"""What every other command starts from."""


STANDALONE_SEVERITIES: Severities = {**CHECK_SEVERITIES, 'recursion-cycle': Severity.WARNING}
"""What commands start from that make programs: these do the same as `run`, which is not kept from anything."""


def with_severity(severities: Severities, kind: str, severity: Severity) -> Severities:
    """The severities after one `-W`, `-D` or `-A`; `all` is every kind but `missing-main`. Raises `ValueError` for an
    unknown kind."""
    if kind == 'all':
        return {**severities, **{name: severity for name in WARNING_KINDS if name != 'missing-main'}}
    if kind not in WARNING_KINDS:
        raise ValueError(kind)
    return {**severities, kind: severity}
