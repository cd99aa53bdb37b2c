"""Statements of one entry of a definition (`net_entry`), and the calls of the kernel in them."""

from __future__ import annotations

from typing import Protocol

from bend.codegen import lir
from bend.codegen.book_table import FRESH, NUM, VALUE_SHIFT, BookTable, kind_of
from bend.codegen.entry_values import Leaf
from bend.hvm import net

U64 = lir.U64
TAG_MASK = 15
# Kernel functions that are written in line, and their twins for code that seldom runs.
COLD = {'alloc_variable': 'new_variable', 'make_node': 'new_node', 'link': 'link_slow'}


class Linker(Protocol):
    """What an entry needs of the whole program: the numbering, the names of other entries, whether results that do not
    fit are counted, whether the counts of interactions that are known are kept apart by their rules, and whether the
    code is for a GPU."""

    table: BookTable
    worker_struct: lir.Struct
    check_overflow: bool
    by_rule: bool
    for_gpu: bool

    def entry_number(self, definition: str, ports: int) -> int | None:
        """The number of an entry, which is compiled in turn; None if the definition is not compiled."""

    def may_call_directly(self, caller: tuple[str, int], callee: tuple[str, int]) -> bool:
        """Whether a direct call cannot come round to the caller again."""


def const(value: int) -> lir.Expr:
    """A 64-bit constant; negative ones (counts of rules that known interactions save) wrap around."""
    return lir.Const(value & 0xFFFFFFFFFFFFFFFF, U64)


def as_number(word: lir.Expr) -> lir.Expr:
    """The port of a number word."""
    return lir.Binary('or', lir.Binary('shl', word, const(VALUE_SHIFT)), const(NUM))


class EntryCode:
    """Statements of an entry under construction."""

    def __init__(self, linker: Linker, worker: lir.Expr) -> None:
        self.linker = linker
        self.worker = worker
        self.statements: list[lir.Stmt] = []
        self.cold = False
        """Whether the code seldom runs, so that no kernel functions are inlined into it."""
        self.names = [0]
        """How many locals there are, in all branches."""
        self.labels: lir.Expr | None = None
        """Where the fresh labels of this call begin."""

    def emit(self, statement: lir.Stmt) -> None:
        """Appends a statement."""
        self.statements.append(statement)

    def let(self, expression: lir.Expr) -> lir.Expr:
        """Puts an expression into a fresh local."""
        local = self.fresh_local(expression.type)
        self.emit(lir.Assign(local, expression))
        return local

    def fresh_local(self, type_: lir.Type = U64) -> lir.Local:
        """A local that nothing else uses."""
        self.names[0] += 1
        return lir.Local(f'x{self.names[0]}', type_)

    def call_kernel(self, name: str, *arguments: lir.Expr) -> lir.Expr:
        """A call of a kernel function that takes the worker and words and gives a word."""
        return lir.Call(COLD.get(name, name) if self.cold else name, (self.worker, *arguments), U64)

    def run_kernel(self, name: str, *arguments: lir.Expr) -> None:
        """A call of a kernel function that gives nothing."""
        chosen = COLD.get(name, name) if self.cold else name
        self.emit(lir.ExprStmt(lir.Call(chosen, (self.worker, *arguments), lir.VOID)))

    def count_now(self, rule: str, amount: int = 1) -> lir.Stmt:
        """A statement that adds to the interactions of a rule."""
        address = self.field(rule)
        return lir.Store(address, lir.Binary('add', lir.Load(address), const(amount)))

    def field(self, name: str) -> lir.FieldAddress:
        """The address of a field of the worker."""
        return self.linker.worker_struct.address(self.worker, name)

    def heap_word(self, index: lir.Expr, offset: int) -> lir.Expr:
        """A word of a node."""
        return self.call_kernel('node_word', lir.Binary('add', index, const(offset)))

    def has_tag(self, value: lir.Expr, tag: int) -> lir.Expr:
        """Whether a port is of one kind."""
        return lir.Compare('eq', lir.Binary('and', value, const(TAG_MASK)), const(tag))

    def node(self, tag: int, first: lir.Expr, second: lir.Expr) -> lir.Expr:
        """A new node."""
        return self.let(self.call_kernel('make_node', const(tag), first, second))

    def kind(self, tree: net.Binary) -> lir.Expr:
        """The kind of a node of the definition; fresh labels begin where this call took them."""
        kind = kind_of(tree)
        if not kind & FRESH:
            return const(kind)
        assert self.labels is not None
        return lir.Call('fresh_kind', (const(kind), self.labels), U64)

    def variable(self) -> Leaf:
        """A new variable."""
        return Leaf(self.let(self.call_kernel('alloc_variable')), fresh=True)

    def link(self, a: lir.Expr, b: lir.Expr) -> None:
        """Joins two ports at run time."""
        self.run_kernel('link', a, b)
