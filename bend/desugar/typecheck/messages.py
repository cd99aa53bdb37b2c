"""What is said about types that do not agree."""

from __future__ import annotations

from bend.desugar.core import Constructor, Num, Pattern, PTup, Term
from bend.desugar.printer import print_term
from bend.desugar.typecheck.types import ARROW, NUMBERS, TUPLE, Con, Kind, Namer, Rigid, Type, Unknown, resolved
from bend.desugar.typecheck.unify import Mismatch, is_number
from bend.diagnostics import Diagnostic, Label, error
from bend.records import dataclass
from bend.source import Span
from bend.syntax.ast import Operator


@dataclass(frozen=True, slots=True)
class Reason:
    """Where an expected type comes from: words, with `{type}`, and `{subject}` for a term that they are about, and a
    place."""

    text: str
    span: Span | None = None
    subject: Term | None = None

    def words(self, type_: str) -> str:
        """The words; only when they are needed, as there is a reason for each part of a program."""
        return self.text.format(type=type_, subject='' if self.subject is None else _short(self.subject))


class TypeProblem(Exception):
    """A definition has no type; the diagnostic says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


# ---- reasons ---------------------------------------------------------------------------------

SWITCHED = Reason('what is switched on, and the condition of an if, is a u24')
POWER = Reason("the operands of '**' are f24")


def declared(span: Span | None) -> Reason:
    """The annotation of the function."""
    return Reason('the annotation says {type}', span)


def scrutinee(first: Constructor, span: Span | None) -> Reason:
    """The first case of a match."""
    return Reason(f"the cases are those of {{type}}, to which '{first.name}' belongs", span)


def first_arm(arm: Term) -> Reason:
    """The first case, with which the others agree."""
    return Reason('the first case gives {type}', arm.span)


def operands(operator: Operator) -> Reason:
    """What operators work on."""
    return Reason(f"the operands of '{operator}' are {{type}}")


def left_operand(left: Term) -> Reason:
    """The left operand, whose type the right one has."""
    return Reason('the left operand is {type}', left.span)


def argument(head: Term, position: int) -> Reason:
    """A parameter of a function."""
    return Reason(f"argument {position + 1} of '{{subject}}' is {{type}}", None, head)


def program_argument(position: int) -> Reason:
    """A parameter of the entry point."""
    return Reason(f'parameter {position + 1} of the program is {{type}}')


# ---- problems --------------------------------------------------------------------------------


def mismatch(expected: Type, found: Type, why: Mismatch, term: Term, reason: Reason | None) -> Diagnostic:
    """A term has another type than the one that is expected of it."""
    namer = Namer(expected, found)
    wanted, got = _described(expected, namer), _described(found, namer)
    if why.infinite:
        part, whole = namer.show(why.left), namer.show(why.right)
        return error('infinite-type', f'This has the type {got}, and {wanted} is needed: {part} would have to be '
                     f'{whole}, which contains it.', term.span, label=got,
                     hint="Such a term has no type. Mark the function 'unchecked' if it is meant.")
    labels: tuple[Label, ...] = () if term.span is None else (Label(term.span, got),)
    if reason is not None and reason.span is not None and reason.span != term.span:
        labels += (Label(reason.span, reason.words(wanted)),)
    message = f'This has the type {got}, but {wanted} is needed.'
    if reason is not None and reason.span is None:
        message = f'This has the type {got}, but {reason.words(wanted)}.'
    return Diagnostic('type-mismatch', message, labels, _hint(expected, found, why, term))


def pattern(found: Type, bound: Pattern) -> Diagnostic:
    """A tuple pattern does not fit its value."""
    namer = Namer(found)
    count = len(bound.elements) if isinstance(bound, PTup) else 1
    value = resolved(found)
    size = f' of {len(value.arguments)}' if isinstance(value, Con) and value.name == TUPLE else ''
    what = f'a tuple{size}' if size else f'of type {_described(found, namer)}'
    return error('type-mismatch', f'This pattern takes a tuple of {count} apart, but the value is {what}.', bound.span,
                 hint='Give the pattern as many variables as the tuple has elements.' if size else '')


def not_a_function(head: Term, position: int, found: Type, span: Span | None) -> Diagnostic:
    """There are more arguments than the function takes."""
    namer = Namer(found)
    name = _short(head)
    if position == 0:
        return error('type-mismatch', f"'{name}' is no function: it has the type {_described(found, namer)}.", span,
                     hint='Only functions can be called.')
    takes = f'{position} argument{"" if position == 1 else "s"}'
    return error('type-mismatch', f"'{name}' takes {takes}; there is nothing to do with this one.", span,
                 label='one argument too many', hint=f'The result is of type {_described(found, namer)}.')


def untypable(what: str, span: Span | None) -> Diagnostic:
    """A term that no type describes, in a function that is checked."""
    return error('untypable', f'{what} has no type, so it cannot be used in a function that is checked.', span,
                 hint="Mark the function 'unchecked', or leave its annotations out.")


def too_general(variable: str, found: Type, span: Span | None) -> Diagnostic:
    """A type variable of an annotation is not free."""
    shown = Namer(found).show(found)
    return error('type-mismatch', f"The annotation says that '{variable}' can be any type, but the function only works "
                 f"if it is {shown}.", span, hint=f"Write {shown} in place of '{variable}'.")


def equal_variables(one: str, other: str, span: Span | None) -> Diagnostic:
    """Two type variables of an annotation turn out to be one."""
    return error('type-mismatch', f"The annotation says that '{one}' and '{other}' can be different types, but the "
                 'function only works if they are the same.', span, hint=f"Write '{one}' in place of '{other}'.")


# ---- words -----------------------------------------------------------------------------------


def _described(type_: Type, namer: Namer) -> str:
    """The type as it is written; for an unknown number, what is known of it."""
    current = resolved(type_)
    if isinstance(current, Unknown) and current.kind is not Kind.ANYTHING:
        return ' or '.join(NUMBERS[current.kind])
    return namer.show(current)


def _short(term: Term) -> str:
    """A term as the program has it, in a few characters."""
    text = ' '.join(_source_text(term).split()) or print_term(term)
    return text if len(text) <= 30 else text[:27] + '...'


def _source_text(term: Term) -> str:
    return '' if term.span is None else term.span.source.text[term.span.start:term.span.end]


def _hint(expected: Type, found: Type, why: Mismatch, term: Term) -> str:
    left, right = resolved(why.left), resolved(why.right)
    if isinstance(left, Rigid) or isinstance(right, Rigid):
        return _rigid_hint(left, right)
    wanted, got = resolved(expected), resolved(found)
    if is_number(wanted, Kind.NUMBER) and is_number(got, Kind.NUMBER):
        return _number_hint(wanted, got, term)
    if Kind.INTEGER in (_kind(wanted), _kind(got)) and 'f24' in (_name(wanted), _name(got)):
        return 'The bits of an f24 have no meaning as a number; convert it with f24/to_u24 or f24/to_i24.'
    if _name(got) == ARROW != _name(wanted):
        return 'This is a function that still waits for arguments: is one missing in the call?'
    if _name(wanted) == ARROW != _name(got):
        return 'A function is needed here: is there an argument too many in the call?'
    if _name(got) == 'None':
        return "'*' is no value of any other type."
    return ''


def _rigid_hint(left: Type, right: Type) -> str:
    if isinstance(left, Rigid) and isinstance(right, Rigid):
        return (f"'{left.name}' and '{right.name}' are type variables: whoever calls the function chooses them, "
                'and may choose different types.')
    name = left.name if isinstance(left, Rigid) else right.name if isinstance(right, Rigid) else ''
    return (f"'{name}' is a type variable: whoever calls the function chooses it. "
            'Write the type itself if only one will do.')


def _number_hint(wanted: Type, got: Type, term: Term) -> str:
    assert isinstance(wanted, Con) and isinstance(got, Con)
    if isinstance(term, Num):
        value = _source_text(term)
        digits = value.lstrip('+-')
        if not digits[:1].isdigit():
            return ''
        if wanted.name == 'f24' and '.' not in digits:
            return f"Numbers with a point are f24: write '{value.lstrip('+')}.0'."
        if '.' not in digits:
            return {'u24': f"Numbers without a sign are u24: write '{digits}'.",
                    'i24': f"Numbers with a sign are i24: write '+{digits}'."}[wanted.name]
    return f"Number types do not mix: convert with '{got.name}/to_{wanted.name}'."


def _name(type_: Type) -> str:
    return type_.name if isinstance(type_, Con) else ''


def _kind(type_: Type) -> Kind:
    return type_.kind if isinstance(type_, Unknown) else Kind.ANYTHING
