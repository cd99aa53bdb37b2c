"""Rules with patterns become trees of `match`, `switch` and `let` (spec 02 §3.5).

Before: `f 0 y = y; f x y = (f (- x 1) y)`. After: `λ%arg0 λ%arg1 switch %arg0 with %arg1 { 0: ...; _: ... }`. The
rules form a matrix, a row for each rule and a column for each argument, which is taken apart column by column from
the left. Arguments that wait, or that were passed over, are listed in the `with` clauses of the matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bend.desugar.context import Context
from bend.desugar.convert_terms import u24
from bend.desugar.core import (
    Arm,
    Book,
    Constructor,
    Def,
    Era,
    Let,
    LocalDef,
    Match,
    Num,
    Op,
    Pattern,
    PCtr,
    PDup,
    PNum,
    PTup,
    PUnscoped,
    PVar,
    Ref,
    Rule,
    Sup,
    Switch,
    Term,
    Tup,
    Use,
    Var,
)
from bend.desugar.names import field_variable, predecessor_variable
from bend.desugar.terms import app, lam, map_children, scoped_children, subpatterns
from bend.diagnostics import error, warning
from bend.records import dataclass, replace
from bend.source import Span


def equations(book: Book, context: Context) -> Book:
    """Leaves every function with one rule without patterns.

    Warns of repeated variables and unreachable rules. Reports patterns that do not cover all values or
    that mix kinds.
    """
    compiled = {name: _Compiler(book, context, definition.user_name).definition(definition)
                for name, definition in book.defs.items()}
    return context.settled(book.with_defs(compiled))


@dataclass(frozen=True, slots=True)
class _Row:
    """What is left of a rule: patterns for the columns, and the variables bound so far, outermost first.

    A column that was taken apart is bound as well, outside of the variables that were bound before: those that
    mention it get it put together again from its parts.
    """

    patterns: tuple[Pattern, ...]
    bindings: tuple[tuple[PVar | PUnscoped, Term], ...]
    index: int
    body: Term

    def bind(self, value: Term) -> _Row:
        """The row without its first pattern, a variable that is bound to a value."""
        pattern = self.patterns[0]
        assert isinstance(pattern, PVar | PUnscoped)
        bindings = self.bindings if pattern.name is None else (*self.bindings, (pattern, value))
        return replace(self, patterns=self.patterns[1:], bindings=bindings)

    def take_apart(self, column: str, whole: Term, count: int) -> _Row:
        """The row with `count` patterns for the parts of its first column, which they make whole again."""
        pattern = self.patterns[0]
        parts: tuple[Pattern, ...] = subpatterns(pattern)
        if _is_variable(pattern):
            row, parts = self.bind(Var(column)), (PVar(None),) * count
        else:
            row = replace(self, patterns=self.patterns[1:])
        return replace(row, patterns=(*parts, *row.patterns), bindings=((PVar(column), whole), *row.bindings))


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Rows, the variables that the columns look at, and the variables that were passed over."""

    rows: tuple[_Row, ...]
    columns: tuple[str, ...]
    passed: tuple[str, ...]

    def with_clause(self) -> tuple[tuple[str, Term], ...]:
        """The variables that the arms of a match on the first column still need."""
        return tuple((name, Var(name)) for name in (*self.passed, *self.columns[1:]))


    def by_first(self) -> _RowsByFirst:
        """The rows by what their first pattern matches."""
        rows = _RowsByFirst({}, [])
        for row in self.rows:
            pattern = row.patterns[0]
            if isinstance(pattern, PNum):
                rows.matching.setdefault(pattern.value, []).append(row)
            elif isinstance(pattern, PCtr):
                rows.matching.setdefault(pattern.name, []).append(row)
            else:
                rows.variable.append(row)
        return rows


@dataclass(frozen=True, slots=True)
class _RowsByFirst:
    """Rows by the number or constructor that their first pattern matches, and those where it is a variable."""

    matching: dict[int | str, list[_Row]]
    variable: list[_Row]

    def of(self, first: int | str) -> list[_Row]:
        """The rows that may match a number or constructor, in order."""
        return sorted([*self.matching.get(first, ()), *self.variable], key=lambda row: row.index)


def _is_variable(pattern: Pattern) -> bool:
    return isinstance(pattern, PVar | PUnscoped)


class _Compiler:
    """Compiles the rules of one top-level function and its local ones."""

    def __init__(self, book: Book, context: Context, user_name: str) -> None:
        self.book = book
        self.context = context
        self.user_name = user_name
        self.name = user_name
        self.used: set[int] = set()
        self.failed = False
        self.span: Span | None = None

    def definition(self, definition: Def) -> Def:
        """Compiles a function. Local functions in the bodies are compiled first."""
        rules = tuple(replace(rule, body=self.term(rule.body)) for rule in definition.rules)
        self.name, self.used, self.span, self.failed = definition.name, set(), definition.span, False
        arity = len(rules[0].patterns)
        arguments = tuple(f'%arg{index}' for index in range(arity))
        rows = tuple(_Row(self.erase_repeated(rule), (), index, rule.body) for index, rule in enumerate(rules))
        body = self.compile(_Matrix(rows, arguments, ()))
        for index, rule in enumerate(rules):
            if index not in self.used and not self.failed:
                self.context.report.add(warning(
                    'unreachable-match', f"This rule of '{definition.name}' is never used.",
                    rule.span, hint='The rules before it match everything that it matches.',
                    definition=self.user_name))
        return definition.with_body(lam(arguments, body))

    def term(self, term: Term) -> Term:
        """Compiles the local functions in a term."""
        if isinstance(term, LocalDef):
            return replace(term, definition=self.definition(term.definition), body=self.term(term.body))
        return map_children(term, self.term)

    def erase_repeated(self, rule: Rule) -> tuple[Pattern, ...]:
        """The patterns of a rule; of a variable that occurs several times only the last stays."""
        seen: set[str] = set()
        reported: set[str] = set()

        def erase(pattern: Pattern) -> Pattern:
            match pattern:
                case PVar(name=str(name)):
                    if name not in seen:
                        seen.add(name)
                        return pattern
                    if name not in reported:
                        reported.add(name)
                        self.context.report.add(warning(
                            'repeated-bind', f"The variable '{name}' is bound more than once in this rule.",
                            pattern.span, hint="The last one counts. Write '*' for what is not needed.",
                            definition=self.user_name))
                    return PVar(None, span=pattern.span)
                case PCtr():
                    return replace(pattern, arguments=erase_all(pattern.arguments))
                case PTup() | PDup():
                    return replace(pattern, elements=erase_all(pattern.elements))
                case _:
                    return pattern

        def erase_all(patterns: Sequence[Pattern]) -> tuple[Pattern, ...]:
            return tuple(reversed([erase(pattern) for pattern in reversed(patterns)]))

        return erase_all(rule.patterns)

    # ---- the matrix --------------------------------------------------------------------------------

    def compile(self, matrix: _Matrix) -> Term:
        """The term that a matrix stands for; it has at least one row."""
        first = matrix.rows[0]
        if all(map(_is_variable, first.patterns)):
            return self.finish(matrix)
        kinds = [row.patterns[0] for row in matrix.rows if not _is_variable(row.patterns[0])]
        if not kinds:
            return self.compile(self.drop_column(matrix))
        for other in kinds[1:]:
            if _kind(other) != _kind(kinds[0]):
                self.failed = True
                self.context.report.add(error(
                    'pattern-mismatch', f"The rules of '{self.name}' mix patterns of different types: expected "
                    f'{_kind(kinds[0])}, found {_kind(other)}.', other.span,
                    hint='In one place all rules match values of the same type.', definition=self.user_name))
                return Era(span=self.span)
        match kinds[0]:
            case PTup() | PDup():
                return self.compile_tuple(matrix, kinds[0])
            case PCtr():
                return self.compile_constructor(matrix, self.book.constructors[kinds[0].name])
            case _:
                return self.compile_number(matrix)

    def finish(self, matrix: _Matrix) -> Term:
        """The body of the first row, all of whose patterns are variables."""
        row = matrix.rows[0]
        for column in matrix.columns:
            row = row.bind(Var(column))
        self.used.add(row.index)
        body = row.body
        for pattern, value in reversed(row.bindings):
            if isinstance(pattern, PUnscoped):
                body = Let(pattern, value, body, span=pattern.span)
            elif pattern.name is not None:
                body = Use(pattern.name, value, body, span=body.span)
        return body

    def drop_column(self, matrix: _Matrix) -> _Matrix:
        """A first column of variables only binds them."""
        column, *columns = matrix.columns
        rows = tuple(row.bind(Var(column)) for row in matrix.rows)
        return _Matrix(rows, tuple(columns), (*matrix.passed, column))

    def compile_tuple(self, matrix: _Matrix, pattern: PTup | PDup) -> Term:
        """A tuple (or duplication) is taken apart by a `let`; variables get it put together again."""
        column, *columns = matrix.columns
        parts = tuple(f'{column}.{index}' for index in range(len(pattern.elements)))
        variables = tuple(Var(part) for part in parts)
        binders = tuple(PVar(part, span=pattern.span) for part in parts)
        whole: Term
        binder: Pattern
        if isinstance(pattern, PTup):
            whole, binder = Tup(variables, span=pattern.span), PTup(binders, span=pattern.span)
        else:
            whole, binder = Sup(variables, span=pattern.span), PDup(binders, span=pattern.span)
        rows = tuple(row.take_apart(column, whole, len(parts)) for row in matrix.rows)
        inner = self.compile(_Matrix(rows, (*parts, *columns), matrix.passed))
        return Let(binder, Var(column), inner, span=self.span)

    def compile_constructor(self, matrix: _Matrix, constructor: Constructor) -> Term:
        """A match with one arm for each constructor of the type, in the order of declaration."""
        adt = self.book.adts[constructor.type_name]
        column = matrix.columns[0]
        rows = matrix.by_first()
        missing = [name for name in adt.constructors if name not in rows.matching]
        if missing and not rows.variable:
            listed = ', '.join(f"'{name}'" for name in missing)
            shown = _shown(self.book.constructors[missing[0]])
            self.not_exhaustive(f"{listed} of the type '{adt.name}' {'is' if len(missing) == 1 else 'are'} not covered",
                                column, f"Add a rule with the pattern '{shown}', or with a variable.")
        arms = tuple([self.constructor_arm(matrix, rows.of(name), self.book.constructors[name])
                      for name in adt.constructors])
        return Match(Var(column), arms, None, matrix.with_clause(), span=self.span)

    def constructor_arm(self, matrix: _Matrix, matching: Sequence[_Row], constructor: Constructor) -> Arm:
        """The arm of one constructor, with the rows that match it."""
        column, *columns = matrix.columns
        fields = tuple(field_variable(column, field.name) for field in constructor.fields)
        rebuilt = app(Ref(constructor.name), *map(Var, fields))
        rows = tuple([row.take_apart(column, rebuilt, len(fields)) for row in matching])
        if not rows:
            return Arm(constructor.name, fields, Era(span=self.span), span=self.span)
        body = self.compile(_Matrix(rows, (*fields, *columns), matrix.passed))
        return Arm(constructor.name, fields, body, span=self.span)

    def compile_number(self, matrix: _Matrix) -> Term:
        """A cascade of switches over the numbers in ascending order; each step subtracts the gap to the next."""
        by_first = matrix.by_first()
        numbers = sorted([number for number in by_first.matching if isinstance(number, int)])
        if not by_first.variable:
            self.not_exhaustive('not all numbers are covered', matrix.columns[0],
                                'Add a last rule with a variable for other numbers.')
            return Era(span=self.span)
        column = matrix.columns[0]
        return self.number_step(matrix, by_first, numbers, 0, column)

    def number_step(self, matrix: _Matrix, by_first: _RowsByFirst, numbers: Sequence[int], at: int,
                    current: str) -> Term:
        """The switches for `numbers` from index `at` on; `current` holds the number less `base`."""
        column, *columns = matrix.columns
        base = numbers[at - 1] + 1 if at else 0
        if at == len(numbers):
            rows = tuple([self.default_row(row, column, current, base) for row in by_first.variable])
            return self.compile(_Matrix(rows, tuple(columns), (*matrix.passed, current)))
        number = numbers[at]
        gap = number - base
        scrutinee: Term = Op('-', Var(current), u24(gap)) if gap else Var(current)
        rows = tuple([row.take_apart(column, u24(number), 0) for row in by_first.of(number)])
        equal = self.compile(_Matrix(rows, tuple(columns), matrix.passed))
        predecessor = predecessor_variable(column, number + 1)
        other = self.number_step(matrix, by_first, numbers, at + 1, predecessor)
        return Switch(scrutinee, (equal, other), predecessor, None, matrix.with_clause(), span=self.span)

    def default_row(self, row: _Row, column: str, predecessor: str, base: int) -> _Row:
        """A row of the default case; `(- n base)` in it is the predecessor at hand."""
        pattern = row.patterns[0]
        row = row.take_apart(column, Op('+', Var(predecessor), u24(base)), 0)
        if not isinstance(pattern, PVar) or pattern.name is None:
            return row
        # No binder inside can take this name without binding the variable again, so nothing is captured.
        difference = f'%{pattern.name}-{base}'
        body = _replace_difference(row.body, pattern.name, base, difference)
        return replace(row, body=body, bindings=(*row.bindings, (PVar(difference), Var(predecessor))))

    def not_exhaustive(self, what: str, column: str, hint: str) -> None:
        """Reports values of a column that no rule matches, for the first column only where there are such."""
        if self.failed:
            return
        self.failed = True
        argument, *path = column.split('.')
        number = int(argument.removeprefix('%arg')) + 1
        place = f'argument {number}' + ''.join(f", in its part '{part}'" for part in path)
        where = f' ({place})' if path or number > 1 else ''
        self.context.report.add(error(
            'non-exhaustive', f"The rules of '{self.name}' do not match all values: {what}{where}.",
            self.span, hint=hint, definition=self.user_name))


def _kind(pattern: Pattern) -> str:
    """What a pattern matches, in words; patterns of one column must agree in it."""
    match pattern:
        case PNum():
            return 'a number'
        case PTup():
            return f'a tuple of {len(pattern.elements)}'
        case PDup():
            return f'a duplication of {len(pattern.elements)}'
        case PCtr():
            return f"the type '{pattern.name.rpartition('/')[0] or pattern.name}'"
        case _:
            return 'a variable'


def _shown(constructor: Constructor) -> str:
    if not constructor.fields:
        return constructor.name
    return '(' + ' '.join((constructor.name, *(field.name for field in constructor.fields))) + ')'


def _replace_difference(term: Term, name: str, base: int, difference: str) -> Term:
    """Replaces `(- name base)` where `name` is not bound again by the variable `difference`."""
    match term:
        case Op(operator='-', left=Var(name=left), right=Num(value=number)) if left == name and number.kind == 'u24':
            if number.bits == base:
                return Var(difference, span=term.span)
            return term
        case _:
            pass
    inner: Iterator[tuple[tuple[str, ...], Term]] = iter(scoped_children(term))

    def visit(child: Term) -> Term:
        bound, _ = next(inner)
        return child if name in bound else _replace_difference(child, name, base, difference)

    return map_children(term, visit)
