"""What a data source may have."""

from dataclasses import dataclass
from typing import Any

from bokeh_common.errors import Invalid, TooLarge


@dataclass(frozen=True)
class SourceLimits:
    """The most that is taken.

    Attributes:
        columns: of a source.
        name_length: characters of its name.
        column_name_length: characters of each column's; Bokeh sets no bound.
    """

    columns: int = 10_000
    name_length: int = 1000
    column_name_length: int = 16_384

    def check(self, name: Any, columns: Any) -> None:
        """Raise `Invalid` or `TooLarge` unless there can be a source of this name and these columns."""
        if not isinstance(name, str) or not 0 < len(name) <= self.name_length:
            raise Invalid(f"'name' must be a text of 1 to {self.name_length} characters.")
        if not isinstance(columns, dict):
            raise Invalid("'columns' must be an object with columns by name.")
        if len(columns) > self.columns:
            raise TooLarge(f"A data source has at most {self.columns} columns; these are {len(columns)}.")
        if any(len(column) > self.column_name_length for column in columns):
            raise Invalid(f"The name of a column must have at most {self.column_name_length} characters.")

    def check_names(self, names: list[str]) -> None:
        """Raise `Invalid` or `TooLarge` unless columns of a file can have these names."""
        if len(names) > self.columns:
            raise TooLarge(f"It has {len(names)} columns; a data source has at most {self.columns}.")
        if not names:
            raise Invalid("It has no columns.")
        if any(not 0 < len(name) <= self.column_name_length for name in names):
            raise Invalid(f"Each column needs a name, of at most {self.column_name_length} characters.")
        if len(names) > len(set(names)):
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise Invalid(f"Two of its columns are called {twice[:80]!r}; give each a name of its own.")


SOURCE_LIMITS = SourceLimits()
