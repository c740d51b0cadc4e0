"""Progress bars of uploads, in terminals and notebooks."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MIN_BYTES = 5_000_000  # smaller uploads show no progress bar


@contextmanager
def progress(label: str, total: int, wanted: bool = True) -> Iterator[Callable[[int], object]]:
    """Yield a function to be called with the number of bytes of each step.

    It shows a bar if `wanted`, if there are more than `MIN_BYTES`, and in a terminal or notebook only.
    """
    if not wanted or total <= MIN_BYTES or not (sys.stderr.isatty() or in_notebook()):
        yield lambda _: None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm warns if ipywidgets is missing, and shows a text bar instead
        from tqdm.auto import tqdm
    with tqdm(total=total, desc=label, unit="B", unit_scale=True, leave=False) as bar:
        yield bar.update


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config
