"""Replaces what HoloViews, hvPlot and Panel do to show and save objects, as `show_hooks` does for Bokeh.

A library that is imported later is changed when it is: importing it here would take seconds for programs that
do not use it. (The library wrapt has hooks for imports, but they cannot be removed again.)
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial, wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from bokeh_cloud.integration import show_hooks
from bokeh_cloud.integration.show_hooks import ShowCall, ShowHandler

#: Called with each object that a script serves, if it is not None.
Served = Callable[[Any], None]

#: Makes a function that replaces another one.
Replacement = Callable[[Callable[..., Any]], Callable[..., Any]]


def hook_libraries(handler: ShowHandler, served: Served | None = None) -> None:
    """Pass objects that these libraries show, save or serve to a handler, until `show_hooks.unhook`.

    Args:
        handler: is called instead of showing an object, and before saving one to a file.
        served: is called with the objects that a Panel application serves, instead of `handler`.
    """
    save, show = partial(_saving, handler), partial(_showing, handler)
    serve = partial(_serving, served)
    targets: dict[str, list[tuple[str, Replacement]]] = {
        "holoviews.plotting.renderer": [("Renderer.save", partial(_saving_of_renderer, handler))],
        "panel.io.save": [("save", save)],
        "panel.io.server": [("serve", show)],
        "panel.viewable": [
            ("ServableMixin.show", show),
            ("ServableMixin.servable", serve),
            ("Viewable.save", save),
        ],
        "panel.template.base": [("BaseTemplate.save", save), ("BaseTemplate.servable", serve)],
    }
    finder = _PatchingFinder(targets)
    for name in targets.keys() & sys.modules.keys():
        finder.patch(sys.modules[name])
    sys.meta_path.insert(0, finder)
    show_hooks.at_unhook(partial(sys.meta_path.remove, finder))


class _PatchingFinder(MetaPathFinder):
    """Finds modules as others do, and replaces functions in them once they are executed."""

    def __init__(self, targets: dict[str, list[tuple[str, Replacement]]]) -> None:
        self._targets = targets

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._targets:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self.patch(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # it is called instead
        return spec

    def patch(self, module: ModuleType) -> None:
        for path, make in self._targets[module.__name__]:
            *owners, name = path.split(".")
            owner: Any = module
            for part in owners:
                owner = getattr(owner, part)
            show_hooks.replace([(owner, name)], make)


def _showing(handler: ShowHandler, _: Callable[..., Any]) -> Callable[..., Any]:
    def show(obj: Any, title: Any = None, *_: Any, **__: Any) -> None:
        handler.handle(ShowCall(obj, title=title if isinstance(title, str) else None, new="tab"))

    return show


def _saving(handler: ShowHandler, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def save(obj: Any, filename: Any = None, *arguments: Any, **more: Any) -> Any:
        _handle_save(handler, obj, filename, more.get("title"))
        with show_hooks.writing():
            return original(obj, filename, *arguments, **more)

    return save


def _saving_of_renderer(handler: ShowHandler, original: Any) -> Any:
    """Replace `Renderer.save`, which is a method of the class and of its instances."""

    def save(renderer: Any, obj: Any, basename: Any, *arguments: Any, **more: Any) -> Any:
        _handle_save(handler, obj, basename, more.get("title"))
        with show_hooks.writing():
            return original.__get__(renderer, type(renderer))(obj, basename, *arguments, **more)

    return save


def _handle_save(handler: ShowHandler, obj: Any, filename: Any, title: Any) -> None:
    if show_hooks.is_writing():
        return
    name = str(filename) if isinstance(filename, str | Path) else None
    handler.handle(ShowCall(obj, name, title if isinstance(title, str) else None))


def _serving(served: Served | None, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def servable(obj: Any, *arguments: Any, **more: Any) -> Any:
        if served is None:
            return original(obj, *arguments, **more)
        served(obj)
        return obj

    return servable
