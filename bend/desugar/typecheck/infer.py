"""Inference of the types of terms: Hindley-Milner with levels, in two directions (spec 02, section 5.4).

`infer` finds the type of a term, `check` is told which one is expected and passes that on into the term, so that a
mismatch is found at the smallest term that has it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bend.desugar.core import (
    App,
    Constructor,
    Era,
    Lam,
    Let,
    Match,
    Num,
    Op,
    Pattern,
    PDup,
    PTup,
    PUnscoped,
    PVar,
    Ref,
    Sup,
    Switch,
    Term,
    Tup,
    Unscoped,
    Var,
)
from bend.desugar.terms import unapply
from bend.desugar.typecheck import messages
from bend.desugar.typecheck.messages import Reason, TypeProblem
from bend.desugar.typecheck.types import (
    ANY_SCHEME,
    ARROW,
    F24,
    NONE,
    TUPLE,
    U24,
    AnyType,
    Con,
    Kind,
    Scheme,
    Type,
    Unknown,
    arrow,
    instantiate,
    product,
    resolved,
    unknowns,
)
from bend.desugar.typecheck.unify import Mismatch, unify
from bend.records import dataclass

COMPARISONS = ('==', '!=', '<', '>', '<=', '>=')
OPERAND_KINDS = {'+': Kind.NUMBER, '-': Kind.NUMBER, '*': Kind.NUMBER, '/': Kind.NUMBER, '%': Kind.NUMBER,
                 '&': Kind.INTEGER, '|': Kind.INTEGER, '^': Kind.INTEGER, '<<': Kind.INTEGER, '>>': Kind.INTEGER,
                 **dict.fromkeys(COMPARISONS, Kind.NUMBER)}


@dataclass(frozen=True, slots=True)
class Globals:
    """What the definitions of a book offer to terms: their types, and the constructors with theirs."""

    types: Mapping[str, Scheme]
    constructors: Mapping[str, Constructor]


class Inferrer:
    """Infers within one definition. Names must be unique in it: the types of its variables are kept in one table."""

    def __init__(self, globals_: Globals, own: Mapping[str, Type]) -> None:
        self.globals = globals_
        self.own = own
        """The types of the definitions that are being inferred together with this one."""
        self.variables: dict[str, Scheme] = {}
        self.level = 1

    def fresh(self, kind: Kind = Kind.ANYTHING) -> Unknown:
        """A new unknown."""
        return Unknown(self.level, kind)

    # ---- terms -------------------------------------------------------------------------------

    def infer(self, term: Term) -> Type:
        """The type of a term; raises `TypeProblem`."""
        match term:
            case Var(name):
                return self.instance(self.variables[name])
            case Ref(name):
                return self.own[name] if name in self.own else self.instance(self.globals.types.get(name, ANY_SCHEME))
            case Num(value):
                return Con(value.kind)
            case Era():
                return NONE
            case App():
                return self.application(term, None, None)
            case Op():
                return self.operation(term)
            case Tup(elements):
                return product([self.infer(element) for element in elements])
            case Sup():
                raise TypeProblem(messages.untypable('A superposition', term.span))
            case Unscoped():
                raise TypeProblem(messages.untypable(f"The unscoped variable '${term.name}'", term.span))
            case _:
                result = self.fresh()
                self.check(term, result, None)
                return result

    def check(self, term: Term, expected: Type, reason: Reason | None) -> None:
        """Checks that a term has a type; raises `TypeProblem`. `reason` says where the type comes from."""
        while True:
            match term:
                case Lam(pattern, body):
                    expected, term = self.function(term, pattern, expected, reason), body
                case Let(pattern, value, body):
                    self.let(pattern, value)
                    term = body
                case Match():
                    return self.match(term, expected, reason)
                case Switch():
                    return self.switch(term, expected, reason)
                case Tup(elements):
                    return self.elements(term, elements, expected, reason)
                case App():
                    last = self.constructor_spine(term, expected, reason)
                    if last is None:
                        self.application(term, expected, reason)
                        return None
                    term, expected, reason = last
                case _:
                    return self.agree(expected, self.infer(term), term, reason)

    def agree(self, expected: Type, found: Type, term: Term, reason: Reason | None) -> None:
        """Makes the type that was found for a term the expected one."""
        try:
            unify(expected, found)
        except Mismatch as mismatch:
            raise TypeProblem(messages.mismatch(expected, found, mismatch, term, reason)) from None

    def function(self, term: Term, pattern: Pattern, expected: Type, reason: Reason | None) -> Type:
        """Binds the parameter of a lambda; the type expected of its body."""
        function = resolved(expected)
        if not (isinstance(function, Con) and function.name == ARROW):
            found = arrow(self.fresh(), self.fresh())
            self.agree(expected, found, term, reason)
            function = found
        parameter, result = function.arguments
        self.bind(pattern, parameter)
        return result

    def let(self, pattern: Pattern, value: Term) -> None:
        """Binds a pattern to the type of a value, generalised."""
        self.level += 1
        type_ = self.infer(value)
        scopes: list[tuple[str, Type]] = []
        self.destructure(pattern, type_, scopes)
        self.level -= 1
        for name, part in scopes:
            self.variables[name] = self.generalised(part)

    def bind(self, pattern: Pattern, type_: Type) -> None:
        """Gives the variables of a pattern their types, which are the same wherever they are used."""
        scopes: list[tuple[str, Type]] = []
        self.destructure(pattern, type_, scopes)
        for name, part in scopes:
            self.variables[name] = Scheme((), part)

    def destructure(self, pattern: Pattern, type_: Type, found: list[tuple[str, Type]]) -> None:
        """Collects the variables of a pattern with their types."""
        match pattern:
            case PVar(name):
                if name is not None:
                    found.append((name, type_))
            case PTup(elements):
                parts = [self.fresh() for _ in elements]
                try:
                    unify(product(parts), type_)
                except Mismatch:
                    raise TypeProblem(messages.pattern(type_, pattern)) from None
                for element, part in zip(elements, parts, strict=True):
                    self.destructure(element, part, found)
            case PDup(elements):
                for element in elements:
                    self.destructure(element, type_, found)
            case PUnscoped():
                raise TypeProblem(messages.untypable(f"The unscoped variable '${pattern.name}'", pattern.span))
            case _:
                raise AssertionError(pattern)

    def match(self, term: Match, expected: Type, reason: Reason | None) -> None:
        """A match: all arms have the expected type."""
        first = self.globals.constructors[term.arms[0].constructor or '']
        _, scrutinee = self.constructor_type(first.name)
        self.check(term.argument, scrutinee, messages.scrutinee(first, term.arms[0].span))
        for name, value in term.with_:
            self.bind(PVar(name), self.infer(value))
        for arm in term.arms:
            assert arm.constructor is not None
            fields, result = self.constructor_type(arm.constructor)
            unify(result, scrutinee)
            for field, type_ in zip(arm.fields, fields, strict=True):
                self.bind(PVar(field), type_)
            self.check(arm.body, expected, reason or messages.first_arm(term.arms[0].body))

    def switch(self, term: Switch, expected: Type, reason: Reason | None) -> None:
        """A switch on a u24: all arms have the expected type."""
        self.check(term.argument, U24, messages.SWITCHED)
        for name, value in term.with_:
            self.bind(PVar(name), self.infer(value))
        self.bind(PVar(term.predecessor), U24)
        for arm in term.arms:
            self.check(arm, expected, reason or messages.first_arm(term.arms[0]))

    def elements(self, term: Tup, elements: tuple[Term, ...], expected: Type, reason: Reason | None) -> None:
        """A tuple, each element checked against its own type where that is known."""
        known = resolved(expected)
        if isinstance(known, Con) and known.name == TUPLE and len(known.arguments) == len(elements):
            for element, type_ in zip(elements, known.arguments, strict=True):
                self.check(element, type_, reason)
        else:
            self.agree(expected, self.infer(term), term, reason)

    def operation(self, term: Op) -> Type:
        """An operation: both operands are of one number type."""
        if term.operator == '**':
            self.check(term.left, F24, messages.POWER)
            self.check(term.right, F24, messages.POWER)
            return F24
        operand: Type = self.fresh(OPERAND_KINDS[term.operator])
        self.check(term.left, operand, messages.operands(term.operator))
        self.check(term.right, operand, messages.left_operand(term.left))
        return U24 if term.operator in COMPARISONS else operand

    # ---- applications ------------------------------------------------------------------------

    def application(self, term: App, expected: Type | None, reason: Reason | None) -> Type:
        """A function applied to arguments; its result has the expected type, if any."""
        head, arguments = unapply(term)
        function = self.infer(head)
        for position, argument in enumerate(arguments):
            function = resolved(function)
            if isinstance(function, AnyType):
                self.infer_any(argument)
                continue
            if isinstance(function, Unknown) and function.kind is Kind.ANYTHING:
                unify(function, arrow(self.fresh(), self.fresh()))
                function = resolved(function)
            if not (isinstance(function, Con) and function.name == ARROW):
                raise TypeProblem(messages.not_a_function(head, position, function, argument.span or term.span))
            parameter, result = function.arguments
            self.check(argument, parameter, messages.argument(head, position))
            function = result
        if expected is not None:
            self.agree(expected, function, term, reason)
        return function

    def infer_any(self, argument: Term) -> None:
        """An argument of a function of type `Any`: it must have some type."""
        unify(Con(ARROW, (self.infer(argument),)), Con(ARROW, (AnyType(),)))

    def constructor_spine(self, term: App, expected: Type,
                          reason: Reason | None) -> tuple[Term, Type, Reason | None] | None:
        """A constructor applied to all its fields, where the expected type is known: it decides about the fields.

        Checks all fields but the last, which is left to the caller, since lists are deep there. None for other terms.
        """
        head, arguments = unapply(term)
        known = resolved(expected)
        if not (isinstance(head, Ref) and head.name in self.globals.constructors and isinstance(known, Con)):
            return None
        fields, result = self.constructor_type(head.name)
        if len(fields) != len(arguments) or not arguments:
            return None
        self.agree(expected, result, term, reason)
        reasons = [messages.argument(head, position) for position in range(len(fields))]
        *others, last = zip(arguments, fields, reasons, strict=True)
        for argument, field, why in others:
            self.check(argument, field, why)
        return last

    # ---- schemes -----------------------------------------------------------------------------

    def constructor_type(self, name: str) -> tuple[list[Type], Type]:
        """A fresh instance of a constructor's type: its fields and its result."""
        type_ = self.instance(self.globals.types[name])
        fields: list[Type] = []
        for _ in self.globals.constructors[name].fields:
            function = resolved(type_)
            assert isinstance(function, Con)
            field, type_ = function.arguments
            fields.append(field)
        return fields, type_

    def instance(self, scheme: Scheme) -> Type:
        """The type with fresh unknowns for the variables of the scheme."""
        if not scheme.variables:
            return scheme.body
        return instantiate(scheme.body, {variable: self.fresh(variable.kind) for variable in scheme.variables})

    def generalised(self, type_: Type) -> Scheme:
        """The type for all choices of those unknowns that nothing outside depends on."""
        return Scheme(tuple(unknown for unknown in unknowns(type_) if unknown.level > self.level), type_)
