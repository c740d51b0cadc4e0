"""Limits on data sources."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from bokeh_common import bidirectional
from bokeh_common.errors import Invalid, TooLarge


@dataclass(frozen=True)
class SourceLimits:
    """Limits on a data source.

    Attributes:
        columns: number of columns.
        name_length: characters of the name.
        column_name_length: characters of the name of a column; Bokeh has no such limit.
    """

    columns: int = 10_000
    name_length: int = 1000
    column_name_length: int = 16_384

    def check(self, name: str, columns: Collection[str]) -> None:
        """Check the name of a source and the names of its columns.

        Raises:
            Invalid: a name is empty or too long.
            TooLarge: there are too many columns.
        """
        if not 0 < len(name) <= self.name_length:
            raise Invalid(f"'name' must have 1 to {self.name_length} characters.")
        if len(columns) > self.columns:
            raise TooLarge(f"A data source has at most {self.columns} columns; these are {len(columns)}.")
        if any(len(column) > self.column_name_length for column in columns):
            raise Invalid(f"The name of a column must have at most {self.column_name_length} characters.")

    def check_name(self, name: str) -> str:
        """Return the name that is given to a live source; those of frozen ones consist of columns' names.

        Raises:
            Invalid: it has characters that make it look like another name.
        """
        if bidirectional.has_controls(name):
            raise Invalid(f"'name' {bidirectional.EXPLANATION}.")
        return name

    def check_names(self, names: list[str]) -> None:
        """Check the names of a file's columns.

        Raises:
            Invalid: there is no column, a name is too long, or two columns have the same name.
            TooLarge: there are too many columns.
        """
        if len(names) > self.columns:
            raise TooLarge(f"It has {len(names)} columns; a data source has at most {self.columns}.")
        if not names:
            raise Invalid("It has no columns.")
        if any(len(name) > self.column_name_length for name in names):
            raise Invalid(f"The name of a column must have at most {self.column_name_length} characters.")
        if len(names) > len(set(names)):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise Invalid(f"Two of its columns are called {twice[:80]!r}; give each a name of its own.")


SOURCE_LIMITS = SourceLimits()
