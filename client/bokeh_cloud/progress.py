"""Progress bars of whatever takes longer than a second, in terminals and notebooks."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DELAY = 1.0  # seconds; what is done earlier shows no bar


@contextmanager
def progress(
    label: str, total: int, wanted: bool = True, unit: str = "B"
) -> Iterator[Callable[[int], object]]:
    """Yield a function to be called with the size of each step, in bytes or another unit.

    It shows a bar if `wanted`, from `DELAY` on, and in a terminal or notebook only.
    """
    if not wanted or not total or not (sys.stderr.isatty() or in_notebook()):
        yield lambda _: None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm warns if ipywidgets is missing, and shows a text bar instead
        from tqdm.auto import tqdm
    with tqdm(
        total=total, desc=label, unit=unit, unit_scale=unit == "B", leave=False, delay=DELAY, mininterval=0.1
    ) as bar:
        yield bar.update


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config
