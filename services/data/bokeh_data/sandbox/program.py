"""The program of a sandbox process: `python -I -m bokeh_data.sandbox.program MODULE ARGUMENT...` runs MODULE.

MODULE cannot import pandas. pyarrow would import it where it is installed, which takes a third of a second
and adds nothing.
"""

import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType


class WithoutPandas(MetaPathFinder):
    """Rejects imports of pandas."""

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> None:
        """Find nothing, or raise `ImportError` if the module is pandas."""
        if name == "pandas":
            raise ImportError(name)


if __name__ == "__main__":
    sys.meta_path.insert(0, WithoutPandas())
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
