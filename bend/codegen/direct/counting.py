"""Statements of a function under construction, and the counting of references in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import STOP_SHAPE, WORKER, Context
from bend.codegen.direct.ir import Atom
from bend.codegen.direct.ownership import names_of
from bend.codegen.direct.state import State, Token
from bend.codegen.direct.values import u64
from bend.runtime.direct import program as words

MAX_CELL = 40
"""The largest cell with a free list of its own size (`bend/runtime/kernel/direct/sizes.py`)."""
MOST_PARTS = 4
"""How many parts of a cell the kernel takes at once."""


class Counting:
    """Adds statements, and knows what is owned."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.out: list[lir.Stmt] = []
        self.state = State()
        self.made = 0
        self.place = 0
        """The number of the place of what is under construction."""
        self.future: frozenset[int] = frozenset()

    # ---- statements ----------------------------------------------------------------------------

    def emit(self, *statements: lir.Stmt) -> None:
        """Adds statements."""
        self.out += statements

    def call(self, name: str, *arguments: lir.Expr) -> None:
        """Calls a function of the runtime for what it does."""
        self.emit(lir.ExprStmt(lir.Call(name, arguments, lir.VOID)))

    def fresh(self, type_: lir.Type, hint: str = 't') -> lir.Local:
        """A new local."""
        self.made += 1
        return lir.Local(f'{hint}.{self.made}', type_)

    def assign(self, value: lir.Expr, hint: str = 't') -> lir.Local:
        """A new local with a value."""
        local = self.fresh(value.type, hint)
        self.emit(lir.Assign(local, value))
        return local

    def collect(self, work: Callable[[], None]) -> lir.Block:
        """The statements that some work adds."""
        outer, self.out = self.out, []
        work()
        inner, self.out = self.out, outer
        return tuple(inner)

    def wrong(self) -> None:
        """Ends the run: only nets know what to do."""
        self.call('stop_run', WORKER, u64(STOP_SHAPE), u64(self.place))
        self.emit(lir.ExprStmt(lir.Intrinsic('trap', ())))

    # ---- ownership -----------------------------------------------------------------------------

    def retain(self, name: str, *, shared: bool) -> None:
        """Another reference to a variable."""
        self.call('retain_shared' if shared else 'retain', self.context.atom(ir.Var(name), 'word'))

    def consume(self, atom: Atom, later: frozenset[str] | set[str]) -> None:
        """An atom is passed on; `later` are the variables that are still needed."""
        if not isinstance(atom, ir.Var) or not self.context.is_counted(atom.name):
            return
        name, state = atom.name, self.state
        if name not in state.owned:
            self.retain(name, shared=True)
        elif name in later:
            self.retain(name, shared=False)
        else:
            if name in state.opened:
                for part in state.forget(name).parts:
                    if state.is_needed(part, later):
                        self.retain(part, shared=True)
                        state.owned.add(part)
            state.owned.discard(name)

    def consume_all(self, atoms: Sequence[Atom], later: frozenset[str]) -> None:
        """Atoms are passed on together."""
        for index, atom in enumerate(atoms):
            self.consume(atom, later | set(names_of(atoms[index + 1:])))

    def settle(self, needed: frozenset[str] | set[str]) -> None:
        """Drops or closes what is owned and needed no more."""
        state = self.state
        while True:
            done = sorted(name for name in state.owned if name not in needed)
            if not done:
                break
            self.before_closing([name for name in done if self.is_closed(name, needed)])
            for name in done:
                if self.is_closed(name, needed):
                    self.close(name, needed)
                else:
                    if name in state.opened:
                        state.forget(name)
                    state.owned.discard(name)
                    self.call('drop', WORKER, self.context.local(name))

    def is_closed(self, name: str, needed: frozenset[str] | set[str]) -> bool:
        """Whether a variable that is needed no more is of use, since its parts are needed or its cell is."""
        opened = self.state.opened.get(name)
        return opened is not None and (opened.words in self.future
                                       or any(self.state.is_needed(part, needed) for part in opened.parts))

    def before_closing(self, names: Sequence[str]) -> None:
        """Variables will be closed, one after the other."""

    def is_unique(self, name: str) -> lir.Expr:
        """Whether the cell of a variable that is closed has one reference."""
        return lir.Call('is_unique', (self.context.local(name),), lir.BOOL)

    def close(self, name: str, needed: frozenset[str] | set[str]) -> None:
        """The cell of an opened variable is free if there is no other reference; its parts live on."""
        state = self.state
        opened = state.forget(name)
        state.owned.discard(name)
        cell = self.context.local(name)
        parts = [part for part in opened.parts if state.is_needed(part, needed)]
        dead = [part for part in opened.parts if part not in parts]
        keeps = opened.words in self.future
        token = self.fresh(lir.U64, 'token')

        def unique() -> None:
            for part in dead:
                self.call('drop', WORKER, self.context.local(part))
            if keeps:
                self.emit(lir.Assign(token, cell))
            else:
                self.emit(self.release(cell, opened.words))

        def shared() -> None:
            self.leave(cell, [self.context.atom(ir.Var(part), 'word') for part in parts])

        test = lir.If(lir.Intrinsic('likely', (self.is_unique(name),)), self.collect(unique), self.collect(shared))
        if keeps:
            self.emit(lir.Assign(token, u64(0)))
            state.tokens.append(Token(token, opened.shape, opened.words))
        self.emit(test if opened.always else lir.If(val.has_tag(cell, words.CELL), (test,)))
        state.owned.update(parts)

    def release(self, cell: lir.Expr, count: int) -> lir.Stmt:
        """Gives a cell of so many words back."""
        name = 'release_small' if count <= MAX_CELL else 'release'
        return lir.ExprStmt(lir.Call(name, (WORKER, cell, u64(count)), lir.VOID))

    def leave(self, cell: lir.Expr, parts: Sequence[lir.Expr]) -> None:
        """One reference less to a cell that has others, whose parts live on by themselves."""
        called = parts[:MOST_PARTS] if self.context.compact else ()
        for part in parts[len(called):]:
            self.call('retain_shared', part)
        if self.context.compact:
            self.call(f'leave{len(called)}', WORKER, cell, *called)
        else:
            self.call('release_shared', WORKER, cell)

    def release_tokens(self, keep: frozenset[int] = frozenset()) -> None:
        """Gives cells back that nothing will use again."""
        kept = []
        for token in self.state.tokens:
            if token.words in keep:
                kept.append(token)
            else:
                release = self.release(token.cell, token.words)
                self.emit(lir.If(lir.Compare('ne', token.cell, u64(0)), (release,)))
        self.state.tokens = kept

    def new_cell(self, count: int, header: lir.Expr, shape: int | None = None) -> lir.Local:
        """A cell of so many words with a header: one that is free, or a new one. If the header tells nothing but a
        `shape`, it need not be stored in a cell that was of that shape."""
        fits = [token for token in self.state.tokens if token.words == count]
        token = next((token for token in fits if token.shape == shape), fits[0] if fits else None)
        name = 'allocate_small' if count <= MAX_CELL else 'allocate'
        fresh = lir.Call(name, (WORKER, u64(count)), lir.U64)
        if token is None:
            cell = self.assign(fresh, 'cell')
            self.emit(lir.Store(val.word_address(cell, 0), header))
            return cell
        self.state.tokens.remove(token)
        cell = self.assign(token.cell, 'cell')
        store = lir.Store(val.word_address(cell, 0), header)
        is_kept = token.shape == shape
        reused = (lir.ExprStmt(lir.Call('count_reused', (WORKER,), lir.VOID)),) if self.context.counting else ()
        self.emit(lir.If(lir.Compare('eq', cell, u64(0)),
                         (lir.Assign(cell, fresh), *((store,) if is_kept else ())), reused))
        if not is_kept:
            self.emit(store)
        return cell
