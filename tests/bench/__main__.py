"""`python -m tests.bench [NAME ...]`: run the benchmarks of these names, or all."""

import importlib
import pkgutil
import sys

import tests.bench


def main(wanted: list[str]) -> None:
    """Run each module of this package that has a `main`."""
    known = sorted(
        info.name for info in pkgutil.iter_modules(tests.bench.__path__) if info.name != "__main__"
    )
    if unknown := set(wanted) - set(known):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    for name in wanted or known:
        module = importlib.import_module(f"tests.bench.{name}")
        if hasattr(module, "main"):
            module.main()


main(sys.argv[1:])
