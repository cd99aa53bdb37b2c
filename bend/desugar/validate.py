"""What holds of core books after which pass; a broken invariant is a mistake of the pass that just ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bend.desugar.check_refs import is_defined
from bend.desugar.core import (
    Ask,
    Bend,
    Book,
    Def,
    Fold,
    Lam,
    Let,
    List,
    LocalDef,
    Match,
    Open,
    PDup,
    PTup,
    PUnscoped,
    PVar,
    Ref,
    Str,
    Switch,
    Term,
    Use,
    Var,
    With,
)
from bend.desugar.terms import free_vars, pattern_parts, scoped_children, subterms, term_patterns, unscoped_counts
from bend.passes import InternalError

PASSES = ('convert', 'entry', 'fix_rules', 'open_terms', 'literals', 'resolve_names', 'equations', 'normalise_matches',
          'check_names', 'lift_local_defs', 'lift_bend', 'lift_fold', 'with_blocks', 'check_scopes', 'prune_prelude',
          'unique_names', 'inline_use', 'check_types', 'linearize_matches', 'encode_switches', 'linear_vars',
          'float_combinators', 'check_refs', 'prune', 'merge', 'expand_main')
"""The order in which passes first run; a stage that is not named here has the invariants of the last."""

REMOVED: dict[str, tuple[type, ...]] = {
    'open_terms': (Open,), 'literals': (List, Str), 'lift_local_defs': (LocalDef,), 'lift_bend': (Bend,),
    'lift_fold': (Fold,), 'with_blocks': (With, Ask), 'inline_use': (Use,),
}
"""The kinds of terms that do not exist any more from a pass on."""


def validate(book: Book, stage: str) -> None:
    """Checks the invariants that hold after the pass `stage`; raises `InternalError` naming it and what is wrong."""
    position = PASSES.index(stage) if stage in PASSES else len(PASSES)
    checker = _Checker(book, position)
    for definition in book.defs.values():
        for problem in checker.problems(definition):
            raise InternalError(stage, f'{definition.name}: {problem}')


class _Checker:
    """The invariants that hold at a position in `PASSES`."""

    def __init__(self, book: Book, position: int) -> None:
        self.book = book
        self.position = position
        self.gone = tuple(kind for name, kinds in REMOVED.items() if self.after(name) for kind in kinds)

    def after(self, name: str) -> bool:
        return self.position >= PASSES.index(name)

    def problems(self, definition: Def) -> Iterator[str]:
        """What is wrong with a definition."""
        if self.book.defs[definition.name] is not definition:
            yield 'is not stored under its name'
        for rule in definition.rules:
            for term in subterms(rule.body):
                yield from self.node(term)
        if not self.after('equations'):
            return
        if len(definition.rules) != 1 or definition.rules[0].patterns:
            yield 'still has rules'
            return
        yield from self.scopes(definition.body)
        if self.after('linear_vars') and not self._names_repeat():
            yield from self.linearity(definition.body)

    def node(self, term: Term) -> Iterator[str]:
        """What is wrong with a term, apart from its subterms."""
        if isinstance(term, self.gone):
            yield f'{type(term).__name__} should be gone'
        if isinstance(term, Match | Fold | Switch) and self.after('linearize_matches') and (term.with_ or term.bound):
            yield 'a match still has a name or a with clause'
        match term:
            case Match() | Fold() if self.after('normalise_matches'):
                yield from self.arms(term)
            case Switch():
                if len(term.arms) < 2 or (self.after('encode_switches') and len(term.arms) != 2):
                    yield f'a switch has {len(term.arms)} arms'
            case Ref() if self.after('check_refs') and not is_defined(self.book, term.name):
                yield f'the reference {term.name} is not defined'
            case Lam() if self.after('linear_vars') and not isinstance(term.pattern, PVar | PUnscoped):
                yield 'the pattern of a lambda is not a variable'
        if self.after('equations'):
            for pattern in term_patterns(term):
                for part in pattern_parts(pattern):
                    if not isinstance(part, PVar | PUnscoped | PTup | PDup) and not isinstance(term, LocalDef):
                        yield f'the pattern {type(part).__name__} should be gone'

    def arms(self, term: Match | Fold) -> Iterator[str]:
        names = [arm.constructor for arm in term.arms]
        first = self.book.constructors.get(names[0]) if names and names[0] is not None else None
        if first is None or tuple(names) != self.book.adts[first.type_name].constructors:
            yield f'the arms {names} are not those of one type, in order'
            return
        for arm in term.arms:
            arity = len(self.book.constructors[str(arm.constructor)].fields)
            floated = (isinstance(arm.body, Ref) or arm.takes_tag) and not arm.fields
            if len(arm.fields) != arity and not floated:
                yield f'an arm of {arm.constructor} has {len(arm.fields)} fields instead of {arity}'

    def scopes(self, body: Term) -> Iterator[str]:
        if self.after('check_scopes'):
            for name in free_vars(body):
                yield f'the variable {name} is not bound'
        if self._names_repeat() or (not self.after('linear_vars') and not self._at('unique_names')):
            return
        binders = Counter(name for term in subterms(body) for names in _bound_names(term) for name in names)
        for name, times in binders.items():
            if times > 1:
                yield f'the variable {name} is bound {times} times'

    def _at(self, name: str) -> bool:
        return self.position == PASSES.index(name)

    def _names_repeat(self) -> bool:
        """Bodies were put into `main` with their names; the next pass makes names unique again."""
        return self._at('expand_main')

    def linearity(self, body: Term) -> Iterator[str]:
        uses = Counter(term.name for term in subterms(body) if isinstance(term, Var))
        binders = {name for term in subterms(body) for names in _bound_names(term) for name in names}
        for name in sorted(binders | uses.keys()):
            if uses[name] != 1:
                yield f'the variable {name} is used {uses[name]} times'
        bound, used = unscoped_counts(body)
        for name in sorted(bound.keys() | used.keys()):
            if (bound.get(name), used.get(name)) != (1, 1):
                yield f'the unscoped variable {name} is not linear'
        for term in subterms(body):
            if isinstance(term, Let) and isinstance(term.pattern, PVar) and term.pattern.name is not None:
                yield f'let {term.pattern.name} should be substituted'


def _bound_names(term: Term) -> Iterator[tuple[str, ...]]:
    """The names of a term's binders, each binder once: those shared by the arms of a match count once."""
    if isinstance(term, Match | Fold | Switch | Bend):
        seen: dict[str, None] = {}
        for names, _ in scoped_children(term):
            seen.update(dict.fromkeys(names))
        yield tuple(seen)
    else:
        for names, _ in scoped_children(term):
            yield names
