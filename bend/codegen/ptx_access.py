"""Which instructions of PTX atomic accesses and fences are, for both emitters that have GPUs in mind.

Those of the memory model of PTX, with their orders and scopes:

    relaxed, acquire, release, acq_rel    ld, st, atom with .relaxed, .acquire, .release, .acq_rel
    seq_cst                               fence.sc, then ld.acquire, st.release, atom.acquire
    fences                                fence.sc for seq_cst, fence.acq_rel for all others

and the scopes block, device and system are .cta, .gpu and .sys. This needs compute capability 7.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from bend.codegen import lir
from bend.records import dataclass

Access: TypeAlias = lir.AtomicLoad | lir.AtomicStore | lir.AtomicRmw | lir.CompareExchange

PAUSE_NANOSECONDS = 32
_SCOPES: Mapping[lir.Scope, str] = {'block': 'cta', 'device': 'gpu', 'system': 'sys'}
_SPACES: Mapping[lir.Space, str] = {'generic': '', 'global': '.global', 'shared': '.shared'}
_RMW_NAMES: Mapping[lir.RmwOp, str] = {'xchg': 'exch', 'sub': 'add'}


@dataclass(frozen=True, slots=True)
class Instruction:
    """An access: the fence before it, or nothing, and the instruction without its operands. `negates` says that the
    negative of the operand is added."""

    fence: str
    name: str
    negates: bool = False


def fence(order: lir.Order, scope: lir.Scope) -> str:
    """The instruction of a fence; nothing for a relaxed one."""
    return '' if order == 'relaxed' else f'fence.{"sc" if order == "seq_cst" else "acq_rel"}.{_SCOPES[scope]}'


def instruction(access: Access, spaces: bool = True) -> Instruction:
    """The instruction of an access, which names the address space of its pointer unless all pointers are generic."""
    pointer = access.pointer.type
    assert isinstance(pointer, lir.Ptr)
    suffix = f'.{_SCOPES[access.scope]}{_SPACES[pointer.space] if spaces else ""}'
    order: lir.Order = 'relaxed' if access.order == 'unordered' else access.order
    match access:
        case lir.AtomicLoad():
            return _fenced(access, order, 'acquire', 'ld', f'{suffix}.b{width(access.type)}')
        case lir.AtomicStore(_, value):
            return _fenced(access, order, 'release', 'st', f'{suffix}.b{width(value.type)}')
        case lir.AtomicRmw(op):
            name = _RMW_NAMES.get(op, op)
            kind = f'{_operand_kind(name, access.type)}{width(access.type)}'
            return _fenced(access, order, 'acquire', 'atom', f'{suffix}.{name}.{kind}', op == 'sub')
        case lir.CompareExchange():
            both = _both(order, access.failure)
            return _fenced(access, both, 'acquire', 'atom', f'{suffix}.cas.b{width(access.type)}')


def width(type_: lir.Type) -> int:
    """The bits of what is accessed."""
    return type_.bits if isinstance(type_, lir.Int) else 64


def _fenced(access: Access, order: lir.Order, weaker: lir.Order, name: str, rest: str,
            negates: bool = False) -> Instruction:
    """What is left of a sequentially consistent order when its fence is done."""
    before = fence(order, access.scope) if order == 'seq_cst' else ''
    return Instruction(before, f'{name}.{weaker if before else order}{rest}', negates)


def _operand_kind(name: str, type_: lir.Type) -> str:
    """How PTX reads the operands of an atomic operation."""
    if name in ('add', 'max', 'min'):
        return 's' if name != 'add' and isinstance(type_, lir.Int) and type_.signed else 'u'
    return 'b'


def _both(order: lir.Order, failure: lir.Order) -> lir.Order:
    """One order for a compare-and-exchange, at least as strong as those for success and for failure."""
    if 'seq_cst' in (order, failure):
        return 'seq_cst'
    if failure == 'acquire':
        return {'relaxed': 'acquire', 'release': 'acq_rel'}.get(order, order)  # type: ignore[return-value]
    return order
