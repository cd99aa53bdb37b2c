"""From a book of nets to native code: compiled entries, the functions that call them, and the kernel.

Definitions are compiled for each number of ports that they are called with, as found from the ones that are
compiled already (`net_entry`). `main`, which runs once, and very large definitions are instantiated from tables; in
books of many definitions also those that are called a few times only, since LLVM takes tens of milliseconds for each.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from bend.codegen import lir
from bend.codegen.book_table import CON, VALUE_SHIFT, BookTable, tabulate
from bend.codegen.emit_llvm import emit_module
from bend.codegen.entry_code import U64, const
from bend.codegen.lir_layout import word_offsets
from bend.codegen.lir_merge import merge
from bend.codegen.net_entry import MAX_PORTS, build_entry, entry_name
from bend.codegen.pylir import compile_kernel
from bend.hvm import net
from bend.hvm.actions import action_names
from bend.hvm.walk import components, net_trees, references
from bend.reached import reached
from bend.runtime.cpu import NetProgram
from bend.runtime.jit import compile_object, usual_level

KERNEL = Path(__file__).parent.parent / 'runtime' / 'kernel'
KERNEL_MODULES = ('ports', 'state', 'free_lists', 'memory', 'regions', 'tasks', 'pushing', 'bag', 'mail', 'link',
                  'wires', 'numbers', 'faults', 'entries', 'expand', 'rules', 'waiting', 'sharing', 'idle', 'schedule',
                  'alone')
ACTION_MODULES = ('data',)
FIRST_ENTRY = 4
MAX_COMPILED_SIZE = 300
MANY_DEFINITIONS = 64
PROVIDED = ('call_entry', 'call_definition')


def compile_program(book: net.Book, opt_level: int | None = None, *, check_overflow: bool = False,
                    by_rule: bool = False, data: frozenset[str] = frozenset()) -> NetProgram:
    """Compiles a book at an optimisation level (None: the usual one). The result can be run (`bend.runtime.cpu.run`)
    and pickled. Definitions of `data` are never called often, and only instantiated from tables.

    With `check_overflow` it counts integers that did not fit into 24 bits, with `by_rule` interactions by their rules,
    which can cost a few percent of its speed.
    """
    actions = action_names(book)
    kernel = net_kernel(actions.possible, check_overflow)
    table = tabulate(book)
    compiler = Compiler(book, table, kernel.struct('Worker'), check_overflow, by_rule, data)
    module = merge(kernel, compiler.compile())
    code = compile_object(emit_module(module), usual_level() if opt_level is None else opt_level)
    layouts = {struct.name: word_offsets(struct, kernel) for struct in kernel.structs}
    places = pickle.dumps(tuple(table.places), pickle.HIGHEST_PROTOCOL)
    counted = 1 + len(table.places) if check_overflow else 0
    return NetProgram(code, table.words, table.names, table.scratch_words, layouts, actions, places, counted, by_rule)


@cache
def net_kernel(acting: bool, check_overflow: bool) -> lir.Module:
    """The kernel, with what actions need if programs are `acting`."""
    modules = (*KERNEL_MODULES, *(ACTION_MODULES if acting else ()))
    return compile_kernel([KERNEL / f'{name}.py' for name in modules], {'CHECK_OVERFLOW': int(check_overflow)})


class Compiler:
    """Compiles the entries of a book; is their `Linker`."""

    def __init__(self, book: net.Book, table: BookTable, worker_struct: lir.Struct, check_overflow: bool = False,
                 by_rule: bool = False, data: frozenset[str] = frozenset(), for_gpu: bool = False) -> None:
        self.book = book
        self.for_gpu = for_gpu
        self.check_overflow = check_overflow
        self.table = table
        self.worker_struct = worker_struct
        self.by_rule = by_rule
        self.compiled = compiled_definitions(book) - data
        self.entries: dict[tuple[str, int], int] = {}
        self.direct: dict[tuple[str, int], set[tuple[str, int]]] = {}

    def entry_number(self, definition: str, ports: int) -> int | None:
        """See `Linker`."""
        if definition not in self.compiled:
            return None
        return self.entries.setdefault((definition, ports), FIRST_ENTRY + len(self.entries))

    def may_call_directly(self, caller: tuple[str, int], callee: tuple[str, int]) -> bool:
        """See `Linker`. A yes is remembered."""
        pending, seen = [callee], {callee}
        while pending:
            entry = pending.pop()
            if entry == caller:
                return False
            fresh = self.direct.get(entry, set()) - seen
            seen |= fresh
            pending += fresh
        self.direct.setdefault(caller, set()).add(callee)
        return True

    def compile(self) -> lir.Module:
        """All entries, and the two functions through which the kernel calls them."""
        for name in sorted(self.compiled):
            self.entry_number(name, natural_ports(self.book.defs[name]))
        functions: list[lir.Function] = []
        done: set[tuple[str, int]] = set()
        while len(done) < len(self.entries):
            for definition, ports in [entry for entry in self.entries if entry not in done]:
                done.add((definition, ports))
                functions.append(build_entry(self, definition, self.book.defs[definition], ports))
        functions += [self.call_entry(), self.call_definition()]
        return lir.Module(tuple(functions), (self.worker_struct,))

    def worker(self) -> lir.Local:
        """The parameter that every function has."""
        return lir.Local('w', lir.Ptr(lir.StructName('Worker')))

    def call_entry(self) -> lir.Function:
        """`call_entry` of `bend.runtime.kernel.entries`: by the number of the entry."""
        task = lir.Local('task', lir.Ptr(U64))
        cases = []
        for (definition, ports), number in self.entries.items():
            arguments = [lir.Local(f'a{index}', U64) for index in range(ports)]
            loads = [lir.Assign(argument, lir.Load(lir.IndexAddress(task, const(index))))
                     for index, argument in enumerate(arguments)]
            together: lir.Expr = arguments[0]
            for argument in arguments[1:]:
                together = lir.Binary('or', together, argument)
            has_bit = lir.Compare('ne', lir.Binary('and', together, lir.Local('mask', U64)), const(0))
            refuse = lir.If(has_bit, (lir.Return(lir.Const(0, lir.BOOL)),))
            cases.append(lir.Case((number,), (*loads, refuse, self.call(definition, ports, arguments))))
        body = (lir.Switch(lir.Local('kind', U64), tuple(cases)), lir.Return(lir.Const(1, lir.BOOL)))
        parameters = (('w', self.worker().type), ('kind', U64), ('task', task.type), ('mask', U64))
        return lir.Function('call_entry', parameters, lir.BOOL, body)

    def call(self, definition: str, ports: int, arguments: Sequence[lir.Expr]) -> lir.Stmt:
        """A call of an entry."""
        name = entry_name(self.table.ids[definition], ports)
        return lir.ExprStmt(lir.Call(name, (self.worker(), *arguments), lir.VOID))

    def node_word(self, index: lir.Expr) -> lir.Expr:
        """A word of a node."""
        return lir.Call('node_word', (self.worker(), index), U64)

    def call_definition(self) -> lir.Function:
        """`call_definition` of `bend.runtime.kernel.entries`: by the number of the definition, with its natural
        number of ports, if the node has a spine of that length."""
        cases = tuple(lir.Case((self.table.ids[name],), self.call_with_spine(name))
                      for name in sorted(self.compiled))
        body = (lir.Switch(lir.Local('definition', U64), cases), lir.Return(lir.Const(0, lir.BOOL)))
        return lir.Function('call_definition', (('w', self.worker().type), ('definition', U64), ('node', U64)),
                            lir.BOOL, body)

    def call_with_spine(self, definition: str) -> lir.Block:
        """Walks down the spine without changing it; only if it is long enough frees its nodes and calls."""
        ports = natural_ports(self.book.defs[definition])
        statements: list[lir.Stmt] = []
        nodes: list[lir.Local] = []
        port: lir.Expr = lir.Local('node', U64)
        for level in range(ports - 1):
            index, rest = lir.Local(f'n{level}', U64), lir.Local(f'r{level}', U64)
            nodes.append(index)
            statements.append(lir.Assign(index, lir.Binary('shr', port, const(VALUE_SHIFT))))
            second = lir.Binary('add', index, const(1))
            statements.append(lir.Assign(rest, self.node_word(second)))
            if level < ports - 2:
                statements.append(lir.Assign(rest, lir.Call('resolve', (self.worker(), rest), U64)))
                heap = lir.Load(self.worker_struct.address(self.worker(), 'heap'))
                statements.append(lir.Store(lir.IndexAddress(heap, second), rest))
                is_node = lir.Compare('eq', lir.Binary('and', rest, const(15)), const(CON))
                statements.append(lir.If(is_node, (), (lir.Return(lir.Const(0, lir.BOOL)),)))
            port = rest
        arguments: list[lir.Expr] = []
        for level, index in enumerate(nodes):
            argument = lir.Local(f'a{level}', U64)
            arguments.append(argument)
            statements.append(lir.Assign(argument, self.node_word(index)))
            statements.append(lir.ExprStmt(lir.Call('free_node', (self.worker(), index), lir.VOID)))
        statements.append(self.call(definition, ports, [*arguments, port]))
        statements.append(lir.Return(lir.Const(1, lir.BOOL)))
        return tuple(statements)


def natural_ports(body: net.Net) -> int:
    """How many ports a definition takes at once: the length of its root's spine, at least an argument and a result."""
    count = 1
    root = body.root
    while isinstance(root, net.Con) and count < MAX_PORTS:
        count += 1
        root = root.second
    return max(count, 2)


def compiled_definitions(book: net.Book) -> frozenset[str]:
    """The definitions that become code: all that are not too large, or, if these are many, those of them that are
    may be called again and again."""
    found = frozenset(name for name, body in book.defs.items() if name != 'main' and is_worth_compiling(body))
    return found if len(found) <= MANY_DEFINITIONS else found & repeated_definitions(book)


def repeated_definitions(book: net.Book) -> set[str]:
    """The definitions that may be called any number of times: those that refer to themselves, also by way of others,
    those that are handed on as values, and all that these refer to."""
    graph = {name: references(body) for name, body in book.defs.items()}
    recursive = {member for members in components(graph) for member in members
                 if len(members) > 1 or member in graph[member]}
    passed = {name for body in book.defs.values() for name in passed_references(body)}
    return reached(recursive | passed, lambda name: graph.get(name, ()))


def passed_references(body: net.Net) -> Iterator[str]:
    """The definitions that a net hands on as values: all but those that it calls, that are its result, or that are
    branches of a switch, of which one is called."""
    pending = [(tree, True) for tree in net_trees(body)]
    while pending:
        tree, is_called = pending.pop()
        match tree:
            case net.Ref(name):
                if not is_called:
                    yield name
            case net.Swi(net.Con(zero, other), result):
                pending += [(zero, True), (other, True), (result, is_called)]
            case net.Con(argument, result):
                pending += [(argument, False), (result, is_called)]
            case net.Dup() | net.Opr() | net.Swi():
                pending += [(tree.first, False), (tree.second, False)]
            case _:
                pass


def is_worth_compiling(body: net.Net) -> bool:
    """Whether a definition is code rather than a large literal."""
    if len(body.redexes) > MAX_COMPILED_SIZE:
        return False
    pending = [body.root, *(tree for redex in body.redexes for tree in (redex.left, redex.right))]
    size = 0
    while pending:
        tree = pending.pop()
        if isinstance(tree, net.Con | net.Dup | net.Opr | net.Swi):
            size += 1
            if size > MAX_COMPILED_SIZE:
                return False
            pending += [tree.first, tree.second]
    return True
