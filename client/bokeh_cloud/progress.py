"""A progress bar where somebody sees it and has to wait."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WORTH_SHOWING = 5_000_000  # bytes


@contextmanager
def progress(label: str, total: int, wanted: bool = True) -> Iterator[Callable[[int], object]]:
    """Give a function to call with each number of bytes done.

    It draws nothing where nobody looks, where it is not `wanted`, and for what is over in a moment.
    """
    if not wanted or total <= WORTH_SHOWING or not (sys.stderr.isatty() or in_notebook()):
        yield lambda _: None
        return
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # a notebook without ipywidgets gets the bar of a terminal, which is fine
        from tqdm.auto import tqdm
    with tqdm(total=total, desc=label, unit="B", unit_scale=True, leave=False) as bar:
        yield bar.update


def in_notebook() -> bool:
    """Tell whether this Python is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config
