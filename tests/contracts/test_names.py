"""One class name, one thing: no class name stands in two files of the source without a reason."""

import ast

from tests.contracts.test_layers import MODULES

#: Class names in several files, and why.
SHARED = {
    "Settings": "each service has its own",
    "Dependencies": "each service has its own",
    "Domain": "each service has its own",
    "AuthClient": "each service that calls the auth service has its own",
    "DataClient": "each service that calls the data service has its own",
    "PlotsClient": "each service that calls the plots service has its own",
    "CloudError": "public in the client; the services have their own",
    "NotFound": "public in the client; the services have their own",
    "Plot": "public in the client; the domain of the plots service has its own",
    "Share": "public in the client, and in the OpenAPI description",
}


def files_by_class() -> dict[str, set[str]]:
    """Return the modules in which a class of a name stands, by name."""
    found: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).add(module)
    return found


def test_a_class_name_stands_in_one_module() -> None:
    several = {name: sorted(modules) for name, modules in files_by_class().items() if len(modules) > 1}
    assert {name: modules for name, modules in several.items() if name not in SHARED} == {}
    assert SHARED.keys() - several.keys() == set(), "these names are not shared any more"
