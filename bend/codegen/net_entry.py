"""Compiling one definition of a net, called with its ports in registers, to straight-line LIR.

A call `@f ~ (a (b r))` is compiled as entry (f, 3): the two nodes of the spine are never made. In the body, what is
known of a wire is kept at compile time as long as possible (`entry_values`).

Interactions between things so known are done here and only their count is left. Where the other side is a port in a
register, code tests for the case that counts (a number for an operation, a node for a node) and otherwise builds
the tree and links it, so that the net stays the one the rules of spec 05 give, count included.

One thing must not be optimised: an OPR node that is built must hold a number in its first port only where the
definition has one, since a number found there saves the rotation, which counts (spec 05, 3.7). `operand` sees to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from bend.codegen import lir
from bend.codegen.book_table import CON, NUM, OPR, PLACE_SHIFT, REF, UNSAFE, VALUE_SHIFT, VAR, constant_port, port
from bend.codegen.entry_code import TAG_MASK, U64, EntryCode, Linker, as_number, const
from bend.codegen.entry_values import Leaf, Static, Value, Virtual, joined, order_of, produced_wires
from bend.codegen.native_operations import NativeOperations
from bend.hvm import net
from bend.hvm.numbers import TYPE_BITS, TYPE_MASK, U24
from bend.hvm.walk import net_trees, subtrees

MAX_PORTS = 8
WAITS = 1 << 5
ERASER = net.Era()


def entry_name(definition: int, ports: int) -> str:
    """The name of the function of an entry."""
    return f'entry_{definition}_{ports}'


def entry_definition(name: str) -> int | None:
    """The number of the definition that a function is an entry of, by its name; None if it is none."""
    found = re.fullmatch(r'entry_(\d+)_\d+', name)
    return None if found is None else int(found[1])


class Early:
    """What an entry of a GPU finds out at its beginning: which of its ports lead where, and the words of nodes. The
    accesses to memory for that are all under way at the same time."""

    def __init__(self, seen: Iterable[str] = (), opened: Iterable[str] = ()) -> None:
        """`seen` and `opened` are the ports, by name, that the entry needs followed, and those that it takes apart."""
        self.seen: set[str] = set()
        self.opened: set[str] = set()
        self._looked = frozenset(seen)
        self._opened = frozenset(opened)
        self._words: dict[str, tuple[lir.Expr, lir.Expr]] = {}

    def look(self, builder: EntryBuilder, ports: Sequence[lir.Local]) -> None:
        """Emits what is done at the beginning."""
        followed = [item for item in ports if item.name in self._looked]
        held = [builder.let(builder.call_kernel('look', item)) for item in followed]
        for item, content in zip(followed, held, strict=True):
            builder.emit(lir.Assign(item, builder.call_kernel('resolve_looked_at', item, content)))
        for item in followed:
            if item.name in self._opened:
                index = builder.let(lir.Call('early_index', (item,), U64))
                self._words[item.name] = (builder.let(builder.heap_word(index, 0)),
                                          builder.let(builder.heap_word(index, 1)))

    def looked_at(self, leaf: lir.Expr) -> bool:
        """Whether a port has been followed. It is noted that it should be."""
        if isinstance(leaf, lir.Local):
            self.seen.add(leaf.name)
            return leaf.name in self._looked
        return False

    def words_of(self, leaf: lir.Expr) -> tuple[lir.Expr, lir.Expr] | None:
        """The words of the node of a port that is taken apart, if they are known. It is noted that they should be."""
        if isinstance(leaf, lir.Local):
            self.opened.add(leaf.name)
            return self._words.get(leaf.name)
        return None


class EntryBuilder(EntryCode):
    """Builds the statements of one entry, or of one branch at its end."""

    def __init__(self, linker: Linker, entry: tuple[str, int], worker: lir.Expr) -> None:
        super().__init__(linker, worker)
        self.entry = entry
        self.env: dict[str, Value] = {}
        self.known: Counter[str] = Counter()
        self.at_end = False
        self.operations: list[tuple[net.Opr, Leaf]] = []
        self.switches: list[tuple[net.Swi, Leaf]] = []
        self.last_calls: list[tuple[str, list[lir.Expr]]] = []
        self.produced: frozenset[str] = frozenset()
        self.early = Early()

    def branch(self, cold: bool = False) -> EntryBuilder:
        """A builder for one way on from here, at the end of the body; a cold one inlines no kernel functions."""
        other = EntryBuilder(self.linker, self.entry, self.worker)
        other.env = dict(self.env)
        other.at_end = True
        other.cold = cold
        other.names = self.names
        other.produced = self.produced
        other.labels = self.labels
        other.early = self.early
        return other

    # ---- building what stayed unbuilt ----

    def materialise(self, value: Value) -> lir.Expr:
        """The port of a value."""
        if isinstance(value, Leaf):
            return value.port
        if isinstance(value, Static):
            return self.build(value.tree)
        first = self.materialise(value.first)
        return self.node(CON, first, self.materialise(value.second))

    def build(self, tree: net.Tree) -> lir.Expr:
        """The port of a tree, whose nodes are made."""
        if isinstance(tree, net.Var):
            value = self.env.pop(tree.name, None)
            if value is not None:
                return self.materialise(value)
            return self.new_wire(tree.name, consumes=tree.name in self.produced)
        if isinstance(tree, net.Opr):
            first = self.operand(tree.first)
            return self.operation_node(tree, first, self.build_result(tree.second))
        if isinstance(tree, net.Con | net.Dup | net.Swi):
            first = self.build(tree.first)
            return self.let(self.call_kernel('make_node', self.kind(tree), first, self.build(tree.second)))
        return const(constant_port(tree, self.linker.table))

    def operation_node(self, tree: net.Opr, first: lir.Expr, second: lir.Expr) -> lir.Expr:
        """A new OPR node, whose port tells the place of the operation."""
        return self.node(OPR | self.place(tree) << PLACE_SHIFT, first, second)

    def place(self, tree: net.Opr) -> int:
        """The number of an operation's place."""
        return self.linker.table.place(tree, self.entry[0])

    def build_result(self, tree: net.Tree) -> lir.Expr:
        """The port of a tree at the end of a call or operation that produces what comes out there."""
        if isinstance(tree, net.Var) and tree.name not in self.env:
            return self.new_wire(tree.name, consumes=False)
        return self.build(tree)

    def new_wire(self, name: str, consumes: bool) -> lir.Expr:
        """A new variable for a wire of the definition: gives one end, and keeps the other for the other occurrence.

        The end that consumes what a call or operation of this body produces is marked, for the scheduler.
        """
        variable = self.variable()
        marked = Leaf(lir.Binary('or', variable.port, const(WAITS)), fresh=True)
        if consumes:
            self.env[name] = variable
            return marked.port
        self.env[name] = marked if name in self.produced else variable
        return variable.port

    def operand(self, tree: net.Tree) -> lir.Expr:
        """What to store in the first port of an OPR node: a number only where the definition has one."""
        if isinstance(tree, net.Num):
            return const(constant_port(tree, self.linker.table))
        if isinstance(tree, net.Var) and tree.name not in self.env:
            return self.build(tree)
        value = self.look_up(tree)
        if isinstance(value, Leaf) and not value.fresh:
            return self.let(self.call_kernel('hide_number', value.port))
        return self.materialise(value)

    def look_up(self, tree: net.Tree) -> Value:
        """The value of a tree; of a variable, what its other end is joined with."""
        while isinstance(tree, net.Var) and tree.name in self.env:
            value = self.env.pop(tree.name)
            if not isinstance(value, Static):
                return value
            tree = value.tree
        return Static(tree)

    # ---- joining ----

    def join(self, tree: net.Tree, value: Value) -> None:
        """Joins a tree of the definition with a value."""
        if isinstance(tree, net.Var):
            other = self.env.pop(tree.name, None)
            if other is None:
                self.env[tree.name] = value
            else:
                self.meet(other, value)
        elif isinstance(value, Static) and isinstance(value.tree, net.Var):
            self.join(value.tree, Static(tree))
        elif isinstance(tree, net.Con):
            self.join_node(tree, value)
        elif isinstance(tree, net.Ref | net.Num | net.Era):
            self.join_nullary(tree, value)
        elif isinstance(value, Leaf):
            self.join_leaf(tree, value)
        elif isinstance(value, Static) and isinstance(value.tree, net.Num | net.Era | net.Ref):
            self.join_leaf(tree, Leaf(const(constant_port(value.tree, self.linker.table))))
        else:
            built = self.build(tree)
            self.link(built, self.materialise(value))

    def meet(self, a: Value, b: Value) -> None:
        """Joins two values."""
        if isinstance(a, Static):
            self.join(a.tree, b)
        elif isinstance(b, Static):
            self.join(b.tree, a)
        elif isinstance(a, Virtual) and isinstance(b, Virtual):
            self.known['annihilations'] += 1
            self.meet(a.first, b.first)
            self.meet(a.second, b.second)
        elif isinstance(a, Virtual) and isinstance(b, Leaf):
            self.meet(b, a)
        elif isinstance(a, Leaf) and isinstance(b, Virtual):
            first, second = self.take_apart(a)
            self.meet(first, b.first)
            self.meet(second, b.second)
        else:
            self.link(self.materialise(a), self.materialise(b))

    def join_node(self, tree: net.Con, value: Value) -> None:
        """A CON node of the definition meets a value."""
        if isinstance(value, Virtual):
            self.known['annihilations'] += 1
            self.join(tree.first, value.first)
            self.join(tree.second, value.second)
        elif isinstance(value, Leaf):
            first, second = self.take_apart(value)
            self.join(tree.first, first)
            self.join(tree.second, second)
        elif isinstance(value.tree, net.Con):
            self.known['annihilations'] += 1
            self.join(tree.first, Static(value.tree.first))
            self.join(tree.second, Static(value.tree.second))
        elif isinstance(value.tree, net.Ref | net.Num | net.Era):
            self.join_nullary(value.tree, Static(tree))
        else:
            built = self.build(tree)
            self.link(built, self.build(value.tree))

    def join_nullary(self, tree: net.Ref | net.Num | net.Era, value: Value) -> None:
        """A reference, number or eraser of the definition meets a value."""
        if isinstance(value, Leaf):
            self.link(const(constant_port(tree, self.linker.table)), value.port)
        elif isinstance(value, Static) and isinstance(value.tree, net.Ref | net.Num | net.Era):
            self.known['voids'] += 1
        elif isinstance(value, Virtual) or isinstance(value.tree, net.Con):
            if isinstance(tree, net.Ref):
                self.call(tree, value)
                return
            self.known['erasures'] += 1
            if isinstance(value, Virtual):
                first, second = value.first, value.second
            else:
                assert isinstance(value.tree, net.Con)
                first, second = Static(value.tree.first), Static(value.tree.second)
            self.meet(Static(tree), first)
            self.meet(Static(tree), second)
        else:
            self.join_leaf(value.tree, Leaf(const(constant_port(tree, self.linker.table))))

    def join_leaf(self, tree: net.Tree, value: Leaf) -> None:
        """A DUP, OPR or SWI node of the definition meets a port in a register."""
        if isinstance(tree, net.Dup):
            first, second = self.copy(value, tree)
            self.join(tree.first, first)
            self.join(tree.second, second)
        elif isinstance(tree, net.Swi):
            self.switches.append((tree, value))
        elif isinstance(tree, net.Opr):
            if isinstance(tree.first, net.Var) and tree.first.name not in self.env:
                self.operations.append((tree, value))
            else:
                self.operate(tree, value)
        else:
            self.join(tree, value)

    def resolved(self, value: Leaf) -> lir.Expr:
        """A port with its full slots followed."""
        if value.fresh or isinstance(value.port, lir.Const):
            return value.port
        if self.early.looked_at(value.port):
            return value.port
        return self.let(self.call_kernel('resolve', value.port))

    def take_apart(self, value: Leaf) -> tuple[Leaf, Leaf]:
        """The two ports of a CON node in a register; anything else is linked with a node of two new variables."""
        source = self.resolved(value)
        first, second = self.fresh_local(), self.fresh_local()
        fast, slow = self.branch(), self.branch()
        index = fast.let(lir.Binary('shr', source, const(VALUE_SHIFT)))
        words = self.early.words_of(value.port) or (fast.heap_word(index, 0), fast.heap_word(index, 1))
        for target, word in zip((first, second), words, strict=True):
            fast.emit(lir.Assign(target, word))
        fast.run_kernel('free_node', index)
        fast.emit(fast.count_now('annihilations'))
        # In other ports than those of variables, labels and places take that bit.
        mark = slow.fresh_local()
        slow.emit(lir.Assign(mark, const(0)))
        waits = lir.Assign(mark, lir.Binary('and', source, const(WAITS)))
        slow.emit(lir.If(slow.has_tag(source, VAR), (waits,), ()))
        slow.emit(lir.Assign(first, lir.Binary('or', slow.let(slow.call_kernel('unfold', source, const(CON))), mark)))
        slow.emit(lir.Assign(second, lir.Binary('or', lir.Load(slow.field('second')), mark)))
        self.emit(lir.If(self.has_tag(source, CON), tuple(fast.statements), tuple(slow.statements)))
        return Leaf(first), Leaf(second)

    def copy(self, value: Leaf, node: net.Dup) -> tuple[Leaf, Leaf]:
        """Both copies of a port by a DUP node; it is only made if it cannot copy in one step."""
        source = self.resolved(value)
        first, second = self.fresh_local(), self.fresh_local()
        fast, slow = self.branch(), self.branch()
        fast.emit(lir.Assign(first, source))
        fast.emit(lir.Assign(second, source))
        fast.emit(fast.count_now('erasures'))
        slow.emit(lir.Assign(first, slow.call_kernel('unfold', source, slow.kind(node))))
        slow.emit(lir.Assign(second, lir.Load(slow.field('second'))))
        self.emit(lir.If(self.is_copied(source), tuple(fast.statements), tuple(slow.statements)))
        return Leaf(first), Leaf(second)

    def is_copied(self, source: lir.Expr) -> lir.Expr:
        """Whether a DUP node copies a port in one step: numbers, erasers, safe references."""
        kind = lir.Binary('and', source, const(TAG_MASK))
        nullary = lir.Compare('le', lir.Binary('sub', kind, const(REF)), const(NUM - REF))
        unsafe = lir.Compare('eq', lir.Binary('and', source, const(TAG_MASK | UNSAFE)), const(REF | UNSAFE))
        return lir.Logical('and', nullary, lir.Not(unsafe))

    # ---- operations ----

    def operate(self, tree: net.Opr, value: Leaf) -> None:
        """An OPR node of the definition meets a port in a register."""
        if isinstance(tree.first, net.Num):
            self.join(tree.second, self.operate_static(tree.first.word, value, self.place(tree)))
            return
        operand = self.look_up(tree.first)
        if isinstance(operand, Static) and isinstance(operand.tree, net.Num):
            operand = Leaf(const(constant_port(operand.tree, self.linker.table)))
        if isinstance(operand, Leaf):
            self.join(tree.second, self.operate_dynamic(operand, value, self.place(tree)))
        else:
            first = self.materialise(operand)
            self.link(value.port, self.operation_node(tree, first, self.build(tree.second)))

    def operate_static(self, stored: int, value: Leaf, place: int) -> Leaf:
        """The result of an operation whose stored number is in the definition."""
        source = self.resolved(value)
        result = self.fresh_local()
        fast, slow = self.branch(), self.branch()
        fast.emit(fast.count_now('operations'))
        word = fast.let(lir.Binary('shr', source, const(VALUE_SHIFT)))
        fast.emit(lir.Assign(result, as_number(self.operations_of(place).with_stored(word, stored))))
        slow.emit(lir.Assign(result, slow.call_kernel('put_off', source, const(port(NUM, stored)), const(place))))
        self.emit(lir.If(self.has_tag(source, NUM), tuple(fast.statements), tuple(slow.statements)))
        return Leaf(result, operator=stored >> TYPE_BITS if stored & TYPE_MASK == 0 else 0)

    def operate_dynamic(self, operand: Leaf, value: Leaf, place: int) -> Leaf:
        """The result of an operation whose stored port is in a register: two interactions if both are numbers."""
        source, stored = self.resolved(value), self.resolved(operand)
        result = self.fresh_local()
        fast, slow = self.branch(), self.branch()
        fast.emit(fast.count_now('operations', 2))
        x = fast.let(lir.Binary('shr', stored, const(VALUE_SHIFT)))
        y = fast.let(lir.Binary('shr', source, const(VALUE_SHIFT)))
        fast.emit(lir.Assign(result, as_number(self.operations_of(place).with_operator(value.operator, y, x))))
        hidden = slow.let(slow.call_kernel('hide_number', stored))
        slow.emit(lir.Assign(result, slow.call_kernel('put_off', source, hidden, const(place))))
        both = lir.Logical('and', self.has_tag(source, NUM), self.has_tag(stored, NUM))
        self.emit(lir.If(both, tuple(fast.statements), tuple(slow.statements)))
        return Leaf(result)

    def operations_of(self, place: int) -> NativeOperations:
        """Native operations at a place."""
        return NativeOperations(self.worker, place, self.linker.check_overflow)

    # ---- calls ----

    def ports_of(self, value: Value) -> list[Value]:
        """The spine of an application as its ports."""
        ports: list[Value] = []
        while len(ports) < MAX_PORTS - 1:
            if isinstance(value, Static):
                value = self.look_up(value.tree)
            if isinstance(value, Virtual):
                ports.append(value.first)
                value = value.second
            elif isinstance(value, Static) and isinstance(value.tree, net.Con):
                ports.append(Static(value.tree.first))
                value = Static(value.tree.second)
            else:
                break
        return [*ports, value]

    def call(self, reference: net.Ref, value: Value) -> None:
        """A reference meets an application: a task for the bag, or at the end of the body a direct call."""
        ports = self.ports_of(value)
        number = self.linker.entry_number(reference.name, len(ports)) if len(ports) > 1 else None
        if number is None:
            target = self.materialise(joined(ports))
            self.run_kernel('push_redex', const(self.linker.table.reference(reference.name)), target)
            return
        arguments = [self.materialise(item) for item in ports[:-1]]
        last = ports[-1]
        arguments.append(self.build_result(last.tree) if isinstance(last, Static) else self.materialise(last))
        if self.at_end and self.linker.may_call_directly(self.entry, (reference.name, len(ports))):
            definition = self.linker.table.ids[reference.name]
            self.last_calls.append((entry_name(definition, len(ports)), arguments))
        else:
            self.push_call(number, arguments)

    def push_call(self, number: int, arguments: Sequence[lir.Expr]) -> None:
        """Puts a call on the bag."""
        header = const(len(arguments) << 32 | number)
        first = self.let(self.call_kernel('claim_task', header))
        bag = self.let(lir.Load(self.field('bag')))
        for offset, word in enumerate(arguments):
            self.emit(lir.Store(lir.IndexAddress(bag, lir.Binary('add', first, const(offset))), word))

    # ---- the end ----

    def finish(self) -> None:
        """Emits what was put off: operations whose operands are known by now, then the switch, then direct calls."""
        self.finish_operations()
        while len(self.switches) > 1:
            tree, value = self.switches.pop(0)
            self.link(value.port, self.build(tree))
        if self.switches:
            tree, value = self.switches.pop()
            self.finish_switch(tree, value)
            return
        self.close_loops()
        if self.linker.by_rule:
            for rule, count in self.known.items():
                self.emit(self.count_now(rule, count))
        elif self.known:
            self.emit(self.count_now('mixed', self.known.total()))
        for name, arguments in self.last_calls:
            self.emit(lir.ExprStmt(lir.Call(name, (self.worker, *arguments), lir.VOID)))
        self.emit(lir.Return(None))

    def close_loops(self) -> None:
        """Builds what is joined with itself only: a wire both ends of which came to hold a tree around its own end."""
        while self.env:
            name = next(name for name, value in self.env.items() if not isinstance(value, Leaf))
            port = self.materialise(self.env.pop(name))
            if name in self.env:
                self.meet(self.env.pop(name), Leaf(port))
            else:
                # The other end is in a tree that is still to be built.
                self.env[name] = Leaf(port)

    def operate_ready(self) -> None:
        """Does the operations that waited for an operand which is known by now."""
        while True:
            ready = next((item for item in self.operations
                          if not isinstance(item[0].first, net.Var) or item[0].first.name in self.env), None)
            if ready is None:
                return
            self.operations.remove(ready)
            self.operate(*ready)

    def finish_operations(self) -> None:
        """Does the operations that waited for an operand; those that still wait are built."""
        self.operate_ready()
        while self.operations:
            tree, value = self.operations.pop(0)
            first = self.build(tree.first)
            self.link(value.port, self.operation_node(tree, first, self.build(tree.second)))
            self.operate_ready()

    def join_redex(self, redex: net.Redex) -> None:
        """An active pair of the definition."""
        left, right = redex.left, redex.right
        if isinstance(right, net.Ref | net.Num | net.Era):
            left, right = right, left
        self.join(left, Static(right))

    def finish_switch(self, tree: net.Swi, value: Leaf) -> None:
        """A switch at the end of the body: each way goes on by itself, so nothing has to be merged."""
        scrutinee = self.fresh_local()
        self.emit(lir.Assign(scrutinee, self.resolved(value)))
        tagged = self.branch()
        constant = tagged.let(tagged.call_kernel('constant_of', scrutinee))
        replace = (lir.Assign(scrutinee, constant), tagged.count_now('calls'))
        tagged.emit(lir.If(lir.Compare('ne', constant, const(0)), replace, ()))
        self.emit(lir.If(self.has_tag(scrutinee, REF), tuple(tagged.statements), ()))
        zero, successor, other = self.branch(), self.branch(), self.branch(cold=True)
        for way in (zero, successor, other):
            way.known.update(self.known)
        zero.known['switches'] += 1
        successor.known['switches'] += 1
        zero.join(tree.first, Virtual(Static(tree.second), Static(ERASER)))
        decremented = lir.Binary('sub', scrutinee, const(1 << VALUE_SHIFT + TYPE_BITS))
        mask = ~(TYPE_MASK << VALUE_SHIFT) & ((1 << 64) - 1)
        predecessor = lir.Binary('or', lir.Binary('and', decremented, const(mask)), const(U24 << VALUE_SHIFT))
        first = Leaf(successor.let(predecessor))
        successor.join(tree.first, Virtual(Static(ERASER), Virtual(first, Static(tree.second))))
        other.link(scrutinee, other.build(tree))
        for way in (zero, successor, other):
            way.last_calls = self.last_calls + way.last_calls
            way.finish()
        is_zero = lir.Compare('eq', lir.Binary('shr', scrutinee, const(VALUE_SHIFT + TYPE_BITS)), const(0))
        by_number = lir.If(is_zero, tuple(zero.statements), tuple(successor.statements))
        self.emit(lir.If(self.has_tag(scrutinee, NUM), (by_number,), tuple(other.statements)))
        self.emit(lir.Return(None))


def fresh_labels(body: net.Net) -> int:
    """How many labels an expansion of a definition makes."""
    return max((-tree.label for root in net_trees(body) for tree in subtrees(root) if isinstance(tree, net.Dup)),
               default=0)


def build_entry(linker: Linker, definition: str, body: net.Net, port_count: int) -> lir.Function:
    """The function of one entry. On a GPU it looks at all ports first that it looks at anywhere, since one access to
    memory after the other takes long there."""
    worker = lir.Local('w', lir.Ptr(lir.StructName('Worker')))
    parameters = [lir.Local(f'p{index}', U64) for index in range(port_count)]
    builder = EntryBuilder(linker, (definition, port_count), worker)
    build_body(builder, definition, body, parameters)
    if linker.for_gpu:
        names = {parameter.name for parameter in parameters}
        early = Early(builder.early.seen & names, builder.early.opened & names)
        builder = EntryBuilder(linker, (definition, port_count), worker)
        builder.early = early
        early.look(builder, parameters)
        build_body(builder, definition, body, parameters)
    name = entry_name(linker.table.ids[definition], port_count)
    return lir.Function(name, (('w', worker.type), *((p.name, U64) for p in parameters)), lir.VOID,
                        tuple(builder.statements))


def build_body(builder: EntryBuilder, definition: str, body: net.Net, parameters: Sequence[lir.Local]) -> None:
    """The statements of an entry: the CALL, the root against the ports, the redexes, then the end."""
    builder.known['calls'] = 1
    builder.produced = produced_wires(body)
    fresh = fresh_labels(body)
    if fresh:
        builder.labels = builder.let(builder.call_kernel('take_labels', const(fresh)))
    later: list[tuple[net.Tree, Value]] = []
    root: net.Tree = body.root
    value = joined([Leaf(parameter) for parameter in parameters])
    while isinstance(root, net.Con) and isinstance(value, Virtual):
        builder.known['annihilations'] += 1
        later.append((root.first, value.first))
        root, value = root.second, value.second
    later.append((root, value))
    # Wires first, then copies, so that as many operands as possible are known when operations are met.
    for tree, item in sorted(later, key=lambda pair: order_of(pair[0])):
        builder.join(tree, item)
    builder.operate_ready()
    for redex in body.redexes:
        builder.join_redex(redex)
    builder.finish()
