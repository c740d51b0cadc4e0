"""NumPy's operators, functions and methods for an object that has an array of values."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from bokeh.core.has_props import HasProps
from numpy.lib.mixins import NDArrayOperatorsMixin


class ArrayProtocol(NDArrayOperatorsMixin):
    """Operators, functions and methods of NumPy, applied to `values`; results are NumPy arrays."""

    values: Any

    __array_priority__ = 1000  # operators of arrays on the left leave the result to this class

    def __eq__(self, other: object) -> Any:
        """Compare the values; with a model, as Bokeh 3.4 does when a property is set, nothing is equal."""
        return False if isinstance(other, HasProps) else super().__eq__(other)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.values, dtype=dtype, copy=True) if copy else np.asarray(self.values, dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        arrays = [_plain(value) for value in inputs]
        return getattr(ufunc, method)(*arrays, **options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*_plain(args), **{name: _plain(value) for name, value in kwargs.items()})

    def __getattr__(self, name: str) -> Any:
        """Return a method or an attribute of the array, such as `mean` or `tolist`."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.values, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __getitem__(self, index: Any) -> Any:
        return self.values[_plain(index)]

    def __contains__(self, item: object) -> bool:
        return item in self.values

    def __reversed__(self) -> Iterator[Any]:
        return iter(self.values[::-1])


def _plain(value: Any) -> Any:
    """Return a value with arrays in the place of objects of this class."""
    if isinstance(value, ArrayProtocol):
        return value.values
    if type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value)
    return value
