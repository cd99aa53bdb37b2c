"""From surface expressions, patterns and types to core terms (spec 02 §2, L3; 01 §4.4-4.7).

Keyword arguments are put in order on the way. Reads of maps (`m[k]`) are collected and bound around the innermost
statement or scope (lambda body, comprehension, arm) that contains them: `let (value, m) = (Map/get m k)`.
"""

from __future__ import annotations

from bend.desugar import core, names
from bend.desugar.context import Context
from bend.desugar.scope import Definitions, Scope
from bend.desugar.shadowing import Renaming
from bend.desugar.terms import app, pattern_vars
from bend.diagnostics import error
from bend.hvm.numbers import Number
from bend.records import dataclass, replace
from bend.source import Span
from bend.suggest import closest
from bend.syntax import ast, type_ast


@dataclass(frozen=True, slots=True)
class MapRead:
    """A read of a map that waits to be bound: the variable for the value, the map with its name, the key."""

    variable: str
    map_name: str
    map_term: core.Term
    key: core.Term
    span: Span


Reads = list[MapRead]

CONSTRUCTOR_HINT = "Constructors are written with their type, as in 'Type/Name'."


class TermConverter:
    """Converts what belongs to one top-level function.

    `file_names` are the meanings of names in the function's file, where the book has other names: what it imports, or
    what the prelude calls by a name that the program took. They become references right here, so that no local
    variable of another name can capture them. Errors go to the report under the function's name; a term stands in
    for what is wrong.
    """

    def __init__(self, definitions: Definitions, context: Context, definition: str, file_names: Renaming) -> None:
        self.definitions = definitions
        self.context = context
        self.definition = definition
        self.file_names = file_names
        self.map_reads = 0

    def error(self, code: str, message: str, span: Span, hint: str = '') -> None:
        """Reports an error in the function."""
        self.context.report.add(error(code, message, span, hint=hint, definition=self.definition))

    def name(self, name: str, scope: Scope, span: Span) -> core.Term:
        """A name as a term: a variable, or a reference where the book has another name for what is meant."""
        target = self.file_names.values.get(name)
        if target is None or scope.lookup(name) is not None:
            return core.Var(name, span=span)
        return core.Ref(target, span=span)

    def constructor(self, name: str) -> str | None:
        """The book's name of a constructor; None for any other name."""
        return self.file_names.constructor(name, self.definitions.constructors)

    def builtin(self, name: str, span: Span) -> core.Term:
        """A reference to a definition of the prelude."""
        return core.Ref(self.context.builtin(name), span=span)

    # ---- expressions -----------------------------------------------------------------------------

    def scoped(self, expr: ast.Expr, scope: Scope) -> core.Term:
        """Converts an expression that is a scope of its own: its map reads are bound right around it."""
        reads: Reads = []
        return self.bind_reads(reads, self.expr(expr, scope, reads))

    def expr(self, expr: ast.Expr, scope: Scope, reads: Reads) -> core.Term:
        """Converts an expression; map reads in it are added to `reads` in the order of evaluation."""
        span = expr.span
        match expr:
            case ast.Var():
                return self.name(expr.name, scope, span)
            case ast.Unscoped():
                return core.Unscoped(expr.name, span=span)
            case ast.Eraser():
                return core.Era(span=span)
            case ast.Num():
                return core.Num(expr.value, span=span)
            case ast.String():
                return core.Str(expr.value, span=span)
            case ast.ListLiteral():
                return core.List(self.exprs(expr.elements, scope, reads), span=span)
            case ast.TupleLiteral():
                return core.Tup(self.exprs(expr.elements, scope, reads), span=span)
            case ast.Superposition():
                return core.Sup(self.exprs(expr.elements, scope, reads), span=span)
            case ast.TreeNode():
                sides = self.exprs((expr.left, expr.right), scope, reads)
                return app(self.builtin(names.TREE_NODE, span), *sides)
            case ast.TreeLeaf():
                return app(self.builtin(names.TREE_LEAF, span), self.expr(expr.value, scope, reads))
            case ast.BinaryOperation():
                left, right = self.exprs((expr.left, expr.right), scope, reads)
                return core.Op(expr.operator, left, right, span=span)
            case ast.Call():
                return self.call(expr, scope, reads)
            case ast.ConstructorLiteral():
                return self.constructor_literal(expr, scope, reads)
            case ast.MapLiteral() | ast.MapGet() | ast.Comprehension():
                return self.imp_expr(expr, scope, reads)
            case _:
                return self.binding_expr(expr, scope, reads)

    def exprs(self, exprs: tuple[ast.Expr, ...], scope: Scope, reads: Reads) -> tuple[core.Term, ...]:
        """Converts expressions from left to right."""
        return tuple(self.expr(expr, scope, reads) for expr in exprs)

    def imp_expr(self, expr: ast.MapLiteral | ast.MapGet | ast.Comprehension, scope: Scope,
                 reads: Reads) -> core.Term:
        """Converts what exists in imp only."""
        match expr:
            case ast.MapLiteral():
                result = self.builtin(names.MAP_EMPTY, expr.span)
                for key, value in expr.entries:
                    entry = self.exprs((key, value), scope, reads)
                    result = app(self.builtin(names.MAP_SET, expr.span), result, *entry)
                return result
            case ast.MapGet():
                key_term = self.expr(expr.key, scope, reads)
                variable = f'map/get%{self.map_reads}'
                self.map_reads += 1
                map_term = self.name(expr.map_name, scope, expr.span)
                reads.append(MapRead(variable, expr.map_name, map_term, key_term, expr.span))
                return core.Var(variable, span=expr.span)
            case ast.Comprehension():
                return self.comprehension(expr, scope, reads)

    def comprehension(self, expr: ast.Comprehension, scope: Scope, reads: Reads) -> core.Term:
        """`[element for x in list if condition]` is a fold over the list (spec 02 §2, L3c)."""
        span = expr.span
        iterable = self.expr(expr.iterable, scope, reads)
        inside = scope.bind((expr.name,))
        tail = core.Var(names.field_variable(names.ITERATED, 'tail'), span=span)
        inner: Reads = []
        condition = None if expr.condition is None else self.expr(expr.condition, inside, inner)
        element = self.scoped(expr.element, inside)
        step = app(self.builtin(names.LIST_CONS, span), element, tail)
        if condition is not None:
            step = core.Switch(condition, (tail, step), None, span=span)
        head = core.Var(names.field_variable(names.ITERATED, 'head'), span=span)
        step = core.Let(core.PVar(expr.name, span=span), head, self.bind_reads(inner, step), span=span)
        nil, cons = self.context.builtin(names.LIST_NIL), self.context.builtin(names.LIST_CONS)
        arms = (core.Arm(nil, (), core.Ref(nil, span=span), span=span), core.Arm(cons, (), step, span=span))
        return core.Fold(iterable, arms, names.ITERATED, span=span)

    def binding_expr(self, expr: ast.Expr, scope: Scope, reads: Reads) -> core.Term:
        """Converts the expressions that bind names or branch."""
        span = expr.span
        match expr:
            case ast.Lambda():
                patterns = [self.binder(pattern) for pattern in expr.parameters]
                body = self.scoped(expr.body, scope.bind(v for p in patterns for v in pattern_vars(p)))
                for pattern in reversed(patterns):
                    body = core.Lam(pattern, body, span=span)
                return body
            case ast.Let():
                pattern, value = self.binder(expr.pattern), self.expr(expr.value, scope, reads)
                body = self.scoped(expr.body, scope.bind(pattern_vars(pattern)))
                return core.Let(pattern, value, body, span=span)
            case ast.Ask():
                pattern, value = self.binder(expr.pattern), self.expr(expr.value, scope, reads)
                body = self.scoped(expr.body, scope.bind(pattern_vars(pattern)))
                return core.Ask(pattern, value, body, span=span)
            case ast.Use():
                value = self.expr(expr.value, scope, reads)
                body = self.scoped(expr.body, self.use_scope(expr.name, expr.value, scope))
                return core.Use(expr.name, value, body, span=span)
            case ast.If():
                condition = self.expr(expr.condition, scope, reads)
                arms = (self.scoped(expr.otherwise, scope), self.scoped(expr.then, scope))
                return core.Switch(condition, arms, None, span=span)
            case _:
                return self.block_expr(expr, scope, reads)

    def block_expr(self, expr: ast.Expr, scope: Scope, reads: Reads) -> core.Term:
        """Converts matches and the other block-like terms of fun."""
        span = expr.span
        match expr:
            case ast.Match() | ast.Fold():
                header = self.header(expr.scrutinee, expr.with_, scope, reads)
                arms = tuple(self.arm(arm.name, self.scoped(arm.body, self.arm_scope(header, arm.name, scope)), scope,
                                      arm.span) for arm in expr.arms)
                return self.match_term(isinstance(expr, ast.Fold), header, arms, span)
            case ast.Switch():
                header = self.header(expr.scrutinee, expr.with_, scope, reads)
                inside = self.switch_scope(header, len(expr.arms), scope)
                return self.switch_term(header, tuple(self.scoped(arm, inside) for arm in expr.arms), span)
            case ast.Bend():
                states = self.states(expr.states, scope, reads)
                inside = scope.bind(name for name, _ in states if name is not None)
                return core.Bend(states, self.scoped(expr.condition, inside),
                                 self.scoped(expr.step, inside.bind((names.FORK,))), self.scoped(expr.base, inside),
                                 span=span)
            case ast.With():
                body = self.scoped(expr.body, scope.bind((names.WRAP,)))
                return core.With(self.monad(expr.type_name, scope), body, span=span)
            case ast.Open():
                return self.open(expr.type_name, expr.name, self.scoped(expr.body, scope), scope, span)
            case ast.LocalDef():
                return self.local_def(expr, scope)
            case _:
                raise AssertionError(f'not an expression: {type(expr).__name__}')

    def local_def(self, expr: ast.LocalDef, scope: Scope) -> core.Term:
        """A local function in fun; its annotations are ignored (spec 02 §3.7)."""
        function = expr.function
        rules = [(tuple(self.pattern(pattern) for pattern in rule.patterns), rule) for rule in function.rules]
        parameters = parameter_names(rules[0][0], self.definitions.constructors)
        inside = scope.bind_function(function.name, parameters)
        converted = tuple(
            core.Rule(patterns,
                      self.scoped(rule.body, inside.bind(v for p in patterns for v in pattern_vars(p))),
                      span=rule.span)
            for patterns, rule in rules)
        definition = core.Def(function.name, converted, origin=self.definition, parameters=parameters,
                              span=function.span)
        return core.LocalDef(definition, self.scoped(expr.body, inside), span=expr.span)

    # ---- calls -----------------------------------------------------------------------------------

    def call(self, expr: ast.Call, scope: Scope, reads: Reads) -> core.Term:
        """A call, with its keyword arguments put in the order of the parameters."""
        function = self.expr(expr.function, scope, reads)
        positional = self.exprs(expr.arguments, scope, reads)
        if not expr.named:
            return self.apply(function, positional, expr.span)
        named = [(name, self.expr(value, scope, reads), _name_span(name, value.span)) for name, value in expr.named]
        parameters = self.callee_parameters(expr.function, scope)
        if parameters is None:
            self.no_parameters(expr.function, scope)
            return core.Era(span=expr.span)
        ordered = self.order_arguments(positional, named, parameters, expr.span, 'parameter')
        return self.apply(function, ordered, expr.span)

    def no_parameters(self, callee: ast.Expr, scope: Scope) -> None:
        """Reports keyword arguments for what has no named parameters."""
        if isinstance(callee, ast.Var) and scope.lookup(callee.name) is None:
            self.error('unbound-variable', f"The name '{callee.name}' is not defined here.", callee.span,
                       self.context.did_you_mean(callee.name, self.definitions.parameters, callee.span))
        else:
            self.error('keyword-arguments', 'Keyword arguments need a named function or constructor to call.',
                       callee.span, "Write the arguments by position, or call a function that is defined with 'def'.")

    def apply(self, function: core.Term, arguments: tuple[core.Term, ...], span: Span) -> core.Term:
        """A curried application, each link with the span of the call."""
        for argument in arguments:
            function = core.App(function, argument, span=span)
        return function

    def callee_parameters(self, callee: ast.Expr, scope: Scope) -> tuple[str, ...] | None:
        """The parameter names of a callee; None if keyword arguments cannot be used with it."""
        if not isinstance(callee, ast.Var):
            return None
        link = scope.lookup(callee.name)
        if link is not None and link.parameters is not None:
            return link.parameters
        target = scope.top_level(callee.name)
        return None if target is None else self.definitions.parameters.get(self.file_names.value(target))

    def order_arguments(self, positional: tuple[core.Term, ...], named: list[tuple[str, core.Term, Span]],
                        parameters: tuple[str, ...], span: Span, what: str) -> tuple[core.Term, ...]:
        """All arguments in the order of the parameters; reports what is missing, unknown or given twice. `what` is
        the word for a parameter."""
        if len(positional) > len(parameters):
            self.error('keyword-arguments', f'{len(positional) + len(named)} arguments are given, but there '
                       f'{"is" if len(parameters) == 1 else "are"} only {_count(len(parameters), what)}.', span,
                       _parameters_hint('', parameters, what))
            return positional
        given = dict(zip(parameters, positional, strict=False))
        is_right = True
        for name, value, place in named:
            if name in given or name not in parameters:
                is_right = False
                self.error('keyword-arguments', f"The {what} '{name}' is given twice." if name in given
                           else f"There is no {what} named '{name}'.", place,
                           'Remove one of the two.' if name in given else _parameters_hint(name, parameters, what))
            else:
                given[name] = value
        missing = [name for name in parameters if name not in given]
        if missing and is_right:
            listed = ', '.join(f"'{name}'" for name in missing if name)
            self.error('keyword-arguments', f'The {what} {listed} is missing.' if listed
                       else 'A parameter that has no name is missing.', span,
                       'With keyword arguments a call must give all of them: there are no default values.'
                       if what == 'parameter' else 'All fields must be given.')
        return tuple(given.get(name, core.Era(span=span)) for name in parameters)

    def constructor_literal(self, expr: ast.ConstructorLiteral, scope: Scope, reads: Reads) -> core.Term:
        """`T/C { a: 1, b: 2 }`: all fields, in any order. Parameters of a function can be given in this way as well,
        as the reference allows."""
        named = [(name, self.expr(value, scope, reads), _name_span(name, value.span)) for name, value in expr.fields]
        callee = ast.Var(Span(expr.span.source, expr.span.start, expr.span.start + len(expr.name)), expr.name)
        parameters = self.callee_parameters(callee, scope)
        if parameters is None:
            self.error('unknown-constructor', f"There is no constructor named '{expr.name}'.", callee.span,
                       self.context.did_you_mean(expr.name, self.definitions.constructors, callee.span) or
                       CONSTRUCTOR_HINT)
            return core.Era(span=expr.span)
        function = self.expr(callee, scope, reads)
        what = 'field' if self.is_constructor(function) else 'parameter'
        return self.apply(function, self.order_arguments((), named, parameters, expr.span, what), expr.span)

    def is_constructor(self, term: core.Term) -> bool:
        """Whether a name stands for a constructor."""
        return isinstance(term, core.Var | core.Ref) and term.name in self.definitions.constructors

    # ---- parts of block-like constructs, shared with statements ------------------------------------

    def header(self, scrutinee: ast.Binding, with_: tuple[ast.Binding, ...], scope: Scope,
               reads: Reads) -> Header:
        """The scrutinee and the `with` clause of a match, fold or switch."""
        bound = scrutinee.name
        if scrutinee.value is None:
            argument = self.name(bound or names.MATCHED, scope, scrutinee.span)
        else:
            argument = self.expr(scrutinee.value, scope, reads)
            if bound is None and isinstance(scrutinee.value, ast.Var):
                bound = scrutinee.value.name
        values = []
        for clause in with_:
            name = clause.name or names.MATCHED
            value = (self.name(name, scope, clause.span) if clause.value is None
                     else self.expr(clause.value, scope, reads))
            values.append((name, value))
        return Header(bound, argument, tuple(values))

    def arm_scope(self, header: Header, name: str | None, scope: Scope) -> Scope:
        """The scope of an arm: fields of its constructor are variables, and so is a name that is not a
        constructor's."""
        bound = header.names()
        if name is not None:
            constructor = self.arm_constructor(name, scope)
            bound += ([name] if constructor not in self.definitions.constructors else
                      [names.field_variable(header.bound, field) for field in self.definitions.parameters[constructor]])
        return scope.bind(bound) if bound else scope

    def switch_scope(self, header: Header, arms: int, scope: Scope) -> Scope:
        """The scope of the arms of a switch (the predecessor, which only the last one has, is a variable in all)."""
        return scope.bind((*header.names(), names.predecessor_variable(header.bound, arms - 1)))

    def arm_constructor(self, name: str, scope: Scope) -> str:
        """The name of an arm as the book knows it; `use` aliases of constructors are resolved."""
        return self.constructor(scope.resolve_alias(name)) or name

    def arm(self, name: str | None, body: core.Term, scope: Scope, span: Span) -> core.Arm:
        """An arm; its field variables are set when names are resolved."""
        constructor = None if name is None else self.arm_constructor(name, scope)
        return core.Arm(constructor, (), body, span=span)

    def match_term(self, is_fold: bool, header: Header, arms: tuple[core.Arm, ...], span: Span) -> core.Term:
        """A match or fold."""
        if is_fold:
            return core.Fold(header.argument, arms, header.bound, header.with_, span=span)
        return core.Match(header.argument, arms, header.bound, header.with_, span=span)

    def switch_term(self, header: Header, arms: tuple[core.Term, ...], span: Span) -> core.Term:
        """A switch; its predecessor is named when names are resolved."""
        return core.Switch(header.argument, arms, None, header.bound, header.with_, span=span)

    def states(self, states: tuple[ast.Binding, ...], scope: Scope,
               reads: Reads) -> tuple[tuple[str | None, core.Term], ...]:
        """The states of a bend with their initial values."""
        result: list[tuple[str | None, core.Term]] = []
        for state in states:
            if state.value is None:
                result.append((state.name, self.name(state.name or names.MATCHED, scope, state.span)))
            else:
                result.append((state.name, self.expr(state.value, scope, reads)))
        return tuple(result)

    def use_scope(self, name: str, value: ast.Expr, scope: Scope) -> Scope:
        """The scope after `use name = value`: an alias if the value is a top-level name or a local function."""
        if isinstance(value, ast.Var):
            link = scope.lookup(value.name)
            if link is not None and link.parameters is not None:
                return scope.bind_function(name, link.parameters)
            target = scope.top_level(value.name)
            if target is not None:
                return scope.bind_alias(name, target)
        return scope.bind((name,))

    def type_name(self, name: str, scope: Scope) -> str:
        """The name of a type in `open`."""
        return self.file_names.type(scope.resolve_alias(name))

    def monad(self, name: str, scope: Scope) -> str:
        """The name in `with`: that whose `bind` the code sees, which need not be one of a type."""
        written = scope.resolve_alias(name)
        bind = self.file_names.value(f'{written}/{names.BIND}')
        if bind in self.definitions.parameters and bind.endswith(f'/{names.BIND}'):
            return bind.removesuffix(f'/{names.BIND}')
        return self.file_names.type(written)

    def open(self, type_name: str, name: str, body: core.Term, scope: Scope, span: Span) -> core.Term:
        """`open T x`, followed by a body. What is opened must be a variable."""
        opened: core.Term = core.Open(self.type_name(type_name, scope), name, body, span=span)
        value = self.name(name, scope, span)
        return opened if isinstance(value, core.Var) else core.Use(name, value, opened, span=span)

    def bind_reads(self, reads: Reads, body: core.Term) -> core.Term:
        """Binds the collected map reads around a term; the first one is outermost."""
        for read in reversed(reads):
            get = app(self.builtin(names.MAP_GET, read.span), read.map_term, read.key)
            parts = (core.PVar(read.variable, span=read.span), core.PVar(read.map_name, span=read.span))
            body = core.Let(core.PTup(parts, span=read.span), get, body, span=read.span)
        return body

    # ---- patterns and types ----------------------------------------------------------------------

    def binder(self, pattern: ast.Pattern) -> core.Pattern:
        """A pattern of a lambda, an assignment or `<-`: variables, tuples and duplications only."""
        match pattern:
            case ast.PatternNumber() | ast.PatternString() | ast.PatternList() | ast.PatternConstructor():
                self.error('pattern', 'This pattern can fail to match, which is not allowed here.', pattern.span,
                           "Use 'match' or 'switch', or a function with several rules.")
                return core.PVar(None, span=pattern.span)
            case ast.PatternTuple():
                return core.PTup(tuple(map(self.binder, pattern.elements)), span=pattern.span)
            case ast.PatternDup():
                return core.PDup(tuple(map(self.binder, pattern.elements)), span=pattern.span)
            case ast.PatternVar():
                return core.PVar(pattern.name, span=pattern.span)
            case _:
                return self.pattern(pattern)

    def pattern(self, pattern: ast.Pattern) -> core.Pattern:
        """Any pattern, as it may stand in a rule."""
        span = pattern.span
        match pattern:
            case ast.PatternVar():
                constructor = None if pattern.name is None else self.constructor(pattern.name)
                if constructor is not None:
                    return core.PCtr(constructor, (), span=span)
                return core.PVar(pattern.name, span=span)
            case ast.PatternUnscoped():
                return core.PUnscoped(pattern.name, span=span)
            case ast.PatternNumber():
                return core.PNum(pattern.value & 0xFFFFFF, span=span)
            case ast.PatternString():
                return core.PStr(pattern.value, span=span)
            case ast.PatternConstructor():
                arguments = tuple(map(self.pattern, pattern.arguments))
                return core.PCtr(self.constructor(pattern.name) or pattern.name, arguments, span=span)
            case ast.PatternTuple():
                return core.PTup(tuple(map(self.pattern, pattern.elements)), span=span)
            case ast.PatternDup():
                return core.PDup(tuple(map(self.pattern, pattern.elements)), span=span)
            case ast.PatternList():
                return core.PList(tuple(map(self.pattern, pattern.elements)), span=span)

    def type(self, type_: type_ast.Type) -> type_ast.Type:
        """A type, with the names that the book uses."""
        if not self.file_names.types:
            return type_
        match type_:
            case type_ast.TypeName():
                return replace(type_, name=self.file_names.type(type_.name))
            case type_ast.TypeApplication():
                return replace(type_, name=self.file_names.type(type_.name),
                               arguments=tuple(map(self.type, type_.arguments)))
            case type_ast.TypeArrow():
                return replace(type_, argument=self.type(type_.argument), result=self.type(type_.result))
            case type_ast.TypeTuple():
                return replace(type_, elements=tuple(map(self.type, type_.elements)))


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the arms of a match, fold or switch."""

    bound: str | None
    argument: core.Term
    with_: tuple[tuple[str, core.Term], ...]

    def names(self) -> list[str]:
        """The variables that it binds in all arms."""
        return [*(name for name, _ in self.with_), *([] if self.bound is None else [self.bound])]


def parameter_names(patterns: tuple[core.Pattern, ...], constructors: frozenset[str]) -> tuple[str, ...]:
    """The names of parameters for keyword calls; one that is not a plain variable cannot be named: `''`."""
    return tuple(
        pattern.name if isinstance(pattern, core.PVar) and pattern.name and pattern.name not in constructors else ''
        for pattern in patterns)


def u24(value: int, span: Span | None = None) -> core.Num:
    """A u24 literal."""
    return core.Num(Number('u24', value & 0xFFFFFF), span=span)


def _parameters_hint(name: str, parameters: tuple[str, ...], what: str) -> str:
    near = closest(name, filter(None, parameters))
    if near:
        return f"Did you mean '{near[0]}'?"
    listed = ', '.join(f"'{parameter}'" for parameter in parameters if parameter)
    if not listed:
        return f'It has no {what} with a name: write the arguments by position.'
    return f'The only {what} is {listed}.' if len(parameters) == 1 else f'The {what}s are {listed}.'


def _count(number: int, what: str) -> str:
    return f'{number} {what}' + ('' if number == 1 else 's')


def _name_span(name: str, value: Span) -> Span:
    """The place of the name that stands before the value of a keyword argument."""
    start = value.source.text.rfind(name, 0, value.start)
    return Span(value.source, start, start + len(name)) if start >= 0 else value
