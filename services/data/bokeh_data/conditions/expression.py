"""Expressions of conditions: trees whose leaves are conditions, joined by `and` and `or`.

There is no node for `not`: the parser negates the leaves instead (De Morgan's laws). That is equivalent also
for nulls, which meet neither a condition nor its negation, as in SQL.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

from bokeh_common.errors import Invalid
from bokeh_data.columns.names import resolve_names

Leaf = TypeVar("Leaf")
Other = TypeVar("Other")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Condition:
    """A condition on one column.

    Attributes:
        column: the name of the column.
        op: one of `NEGATED`.
        values: the values to compare with, as written: one; any number for "in"; none for "is" and "is not",
            which test for null.
        words: the values that are not in quotes, and begin with a letter; they might be meant as columns.
    """

    column: str
    op: str
    values: tuple[str, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class AllOf(Generic[Leaf]):
    """A row has to meet all parts."""

    parts: "tuple[Expression[Leaf], ...]"


@dataclass(frozen=True)
class AnyOf(Generic[Leaf]):
    """A row has to meet at least one part."""

    parts: "tuple[Expression[Leaf], ...]"


Expression: TypeAlias = Leaf | AllOf[Leaf] | AnyOf[Leaf]

_PAIRS = (
    ("=", "!="), ("<", ">="), (">", "<="), ("is", "is not"),
    ("in", "not in"), ("like", "not like"), ("contains", "not contains"),
)  # fmt: skip

#: Each operator, and the one that is true where it is false.
NEGATED = {**dict(_PAIRS), **{second: first for first, second in _PAIRS}}


def negate(expression: Expression[Condition]) -> Expression[Condition]:
    """Return the expression that is true where another one is false; neither is true for nulls."""
    if isinstance(expression, Condition):
        return replace(expression, op=NEGATED[expression.op])
    parts = tuple(negate(part) for part in expression.parts)
    return AnyOf(parts) if isinstance(expression, AllOf) else AllOf(parts)


def map_leaves(expression: Expression[Leaf], of_leaf: Callable[[Leaf], Other]) -> Expression[Other]:
    """Return an expression with other leaves."""
    if isinstance(expression, AllOf):
        return AllOf(tuple(map_leaves(part, of_leaf) for part in expression.parts))
    if isinstance(expression, AnyOf):
        return AnyOf(tuple(map_leaves(part, of_leaf) for part in expression.parts))
    return of_leaf(expression)


def fold(
    expression: Expression[Leaf],
    of_leaf: Callable[[Leaf], Result],
    of_all: Callable[[tuple[Result, ...]], Result],
    of_any: Callable[[tuple[Result, ...]], Result],
) -> Result:
    """Return the result of an expression, computed from those of its leaves and parts."""
    if not isinstance(expression, (AllOf, AnyOf)):
        return of_leaf(expression)
    parts = tuple(fold(part, of_leaf, of_all, of_any) for part in expression.parts)
    return of_all(parts) if isinstance(expression, AllOf) else of_any(parts)


def leaves(expression: Expression[Leaf]) -> Iterator[Leaf]:
    """Yield the leaves of an expression, in the order in which they are written."""
    if not isinstance(expression, (AllOf, AnyOf)):
        yield expression
        return
    for part in expression.parts:
        yield from leaves(part)


def resolve_columns(expression: Expression[Condition], known: Collection[str]) -> Expression[Condition]:
    """Return an expression with the names that the source has for its columns, see `resolve_names`.

    Raises:
        Invalid: a value without quotes is the name of a column, with which a column cannot be compared.
    """
    for word in (word for condition in leaves(expression) for word in condition.words):
        if word in known:
            raise Invalid(f"{word!r} is a column, to which others cannot be compared; or quote it: '{word}'.")
    names = list(dict.fromkeys(condition.column for condition in leaves(expression)))
    resolved = dict(zip(names, resolve_names(names, known), strict=True))
    return map_leaves(expression, lambda condition: replace(condition, column=resolved[condition.column]))
