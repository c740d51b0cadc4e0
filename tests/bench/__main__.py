"""Runs benchmarks: `python -m tests.bench [NAME ...]`; without names it runs all."""

import importlib
import pkgutil
import sys

import tests.bench


def main(names: list[str]) -> None:
    """Run the benchmarks of these names, or all: the modules of this package with a function `main`."""
    known = sorted(
        info.name for info in pkgutil.iter_modules(tests.bench.__path__) if info.name != "__main__"
    )
    if unknown := set(names) - set(known):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    for name in names or known:
        module = importlib.import_module(f"tests.bench.{name}")
        if hasattr(module, "main"):
            module.main()


main(sys.argv[1:])
