"""Scopes of names while surface syntax is converted: what a name means for keyword calls, cases and `open`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from bend.records import dataclass


@dataclass(frozen=True)
class Definitions:
    """The top-level names of prelude and program: keyword parameters (in order), constructors and types."""

    parameters: Mapping[str, tuple[str, ...]]
    constructors: frozenset[str]
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """Names bound around a term, innermost first.

    A link binds some plain variables, or one `use` alias of a top-level name, or one local function with parameters.
    """

    parent: Scope | None = None
    names: frozenset[str] = frozenset()
    alias: str | None = None
    parameters: tuple[str, ...] | None = None
    # The names bound by this link or around it that are aliases; most programs have none, so that lookups are rare.
    aliases: frozenset[str] = field(default=frozenset())

    def bind(self, names: Iterable[str]) -> Scope:
        """The scope in which `names` are variables as well."""
        return Scope(self, frozenset(names), aliases=self.aliases)

    def bind_alias(self, name: str, target: str) -> Scope:
        """The scope in which `name` stands for the top-level name `target`."""
        return Scope(self, frozenset((name,)), alias=target, aliases=self.aliases | {name})

    def bind_function(self, name: str, parameters: tuple[str, ...]) -> Scope:
        """The scope in which `name` is a local function."""
        return Scope(self, frozenset((name,)), parameters=parameters, aliases=self.aliases)

    def lookup(self, name: str) -> Scope | None:
        """The innermost link that binds a name; None if it is not bound."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope

    def top_level(self, name: str) -> str | None:
        """The top-level name that `name` stands for here; None if it is a local variable."""
        link = self.lookup(name)
        return name if link is None else link.alias

    def resolve_alias(self, name: str) -> str:
        """The top-level name behind an alias; any other name itself."""
        if name not in self.aliases:
            return name
        return self.top_level(name) or name
