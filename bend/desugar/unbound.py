"""What a name that is not defined may have been meant for."""

from __future__ import annotations

from collections.abc import Callable

from bend.desugar.core import Book, Def, Var
from bend.desugar.names import FORK, MATCHED, WRAP
from bend.desugar.terms import scoped_children, subterms
from bend.records import dataclass
from bend.source import Span
from bend.suggest import closest, did_you_mean

# Names that Python has and the prelude lacks.
_PYTHON = {
    'True': 'There are no booleans: 1 is true, and 0 is false.',
    'False': 'There are no booleans: 1 is true, and 0 is false.',
    'true': 'There are no booleans: 1 is true, and 0 is false.',
    'false': 'There are no booleans: 1 is true, and 0 is false.',
    'len': "'List/length' gives the length, together with the list.",
    'str': "A number is turned into a string by 'u24/to_string'.",
    'range': "There is no 'range': build the list with 'bend' or recursion.",
    'int': 'Types are not functions.', 'float': 'Types are not functions.',
    'input': "Reading is an action: 'with IO:', and in it 'line <- IO/input()'.",
    'print': 'Printing is an action: \'with IO:\', and in it \'* <- IO/print("text")\'.',
    'self': 'There are no methods: a function gets what it works on as an argument.',
}


@dataclass(frozen=True, slots=True)
class _Unbound:
    """A name, the variables that are visible where it stands, and its surroundings."""

    variable: Var
    visible: list[str]
    book: Book
    definition: Def
    similar: Callable[[Var], str]

    @property
    def name(self) -> str:
        """The name itself."""
        return self.variable.name

    def is_elsewhere(self) -> bool:
        """Whether another place of the function binds a variable of that name."""
        for term in subterms(self.definition.body):
            if any(self.name in names for names, _ in scoped_children(term)) and not self._is_in(term.span):
                return True
        return False

    def _is_in(self, span: Span | None) -> bool:
        """Whether the name stands in a construct, which then binds it only for what is inside or after it."""
        place = self.variable.span
        return place is not None and span is not None and span.start <= place.start and place.end <= span.end


def unbound_hint(variable: Var, visible: list[str], book: Book, definition: Def,
                 similar: Callable[[Var], str]) -> str:
    """The hint for a name that is not defined where it stands, among visible variables, in a function; empty if there
    is nothing to say. `similar` gives the hint about definitions that are called alike."""
    unbound = _Unbound(variable, visible, book, definition, similar)
    return next((text for rule in _RULES if (text := rule(unbound))), '')


def _special(unbound: _Unbound) -> str:
    """Names that constructs bind."""
    if unbound.name == FORK:
        return "'fork' exists only in the 'when' branch of a 'bend'."
    if unbound.name == WRAP:
        return "'wrap' exists only inside a 'with' block."
    return ''


def _predecessor(unbound: _Unbound) -> str:
    """`n-1` where the predecessor has another name, or none."""
    left, minus, right = unbound.name.rpartition('-')
    if not (minus and right.isdigit()):
        return ''
    others = [name for name in unbound.visible if name.rpartition('-')[0] == left and name.rpartition('-')[2].isdigit()]
    if others:
        return (f"Here the number less {others[0].rpartition('-')[2]} is called '{others[0]}'. "
                f"For a subtraction write '{left} - {right}' with blanks.")
    if unbound.is_elsewhere():
        return (f"'{unbound.name}' exists only in the last case of a 'switch'. "
                f"For a subtraction write '{left} - {right}' with blanks.")
    return ''


def _operators_on_names(unbound: _Unbound) -> str:
    """Operators in a name, for want of blanks around them, between names and numbers that exist."""
    for sign in '-/':
        left, found, right = unbound.name.partition(sign)
        if found and all(part.isdigit() or part in unbound.visible for part in (left, right) if part):
            return _with_blanks(left, sign, right)
    return ''


def _minus(unbound: _Unbound) -> str:
    """A minus in a name, between whatever."""
    left, found, right = unbound.name.partition('-')
    return _with_blanks(left, '-', right) if found else ''


def _with_blanks(left: str, sign: str, right: str) -> str:
    what = 'subtraction' if sign == '-' else 'division'
    return (f"If you mean a {what}, write '{left} {sign} {right}' with blanks "
            f"(in the other notation '({sign} {left} {right})').")


def _field(unbound: _Unbound) -> str:
    """Fields, which exist only where a match or `open` has bound them."""
    owner, point, field = unbound.name.rpartition('.')
    if not (point and owner):
        return ''
    fields = [name for name in unbound.visible if name.rpartition('.')[0] == owner]
    near = closest(unbound.name, fields)
    if near:
        return f"Did you mean '{near[0]}'?"
    if fields:
        return f'The fields here are {_listed(fields)}.'
    same = [name for name in unbound.visible if name.rpartition('.')[2] == field and '.' in name and '%' not in name]
    if len(same) == 1:
        return f"Did you mean '{same[0]}'?"
    if owner not in unbound.visible:
        unnamed = any(name.startswith(f'{MATCHED}.') for name in unbound.visible)
        return "The matched value has no name. Give it one: 'match x = VALUE:', and use 'x.FIELD'." if unnamed else ''
    types = [adt.name for adt in unbound.book.adts.values() if len(adt.constructors) == 1 and '__' not in adt.name
             and any(info.name == field for info in unbound.book.constructors[adt.constructors[0]].fields)]
    if len(types) == 1:
        return f"The fields of '{owner}' have names only after 'open {types[0]}: {owner}', or in a 'match' on it."
    return f"The fields of '{owner}' have names only in the cases of a 'match' on it, or after 'open TYPE: {owner}'."


def _elsewhere(unbound: _Unbound) -> str:
    """Variables of another place in the function."""
    if unbound.is_elsewhere():
        return ('A variable of this name exists elsewhere in the function.\n'
                'It can be used only after its assignment, in the same branch.')
    return ''


def _similar(unbound: _Unbound) -> str:
    """Names that are alike: variables first."""
    own = did_you_mean(unbound.name, unbound.visible)
    return own or _PYTHON.get(unbound.name, '') or unbound.similar(unbound.variable)


def _listed(names: list[str]) -> str:
    return ', '.join(f"'{name}'" for name in names)


_RULES: tuple[Callable[[_Unbound], str], ...] = (
    _special, _predecessor, _operators_on_names, _field, _similar, _minus, _elsewhere)
