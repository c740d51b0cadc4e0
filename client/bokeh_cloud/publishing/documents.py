"""Serialises a figure, a layout, a list of models or a Document, and leaves the models unchanged."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from bokeh.document import Document
from bokeh.embed.util import FromCurdoc, OutputDocumentFor
from bokeh.model import Model
from bokeh.models.ui.ui_element import UIElement

from bokeh_cloud.columns.drawn_times import Types, drawn_types
from bokeh_cloud.errors import NotPublishable
from bokeh_cloud.publishing.bundles import Scripts, scripts_for
from bokeh_cloud.publishing.unsupported import refuse

log = logging.getLogger("bokeh_cloud")

Publishable = Model | Sequence[Model] | Document


class SerialisedDocument(NamedTuple):
    """A document as Bokeh serialises it.

    Attributes:
        content: the JSON, in which buffers are views of the models' arrays, not copies.
        scripts: that a browser needs.
        types: of the times in data sources, see `drawn_times.drawn_types`.
    """

    content: Any
    scripts: Scripts
    types: Mapping[str, Types]


def serialise(obj: Publishable) -> SerialisedDocument:
    """Serialise a figure, layout, list of models or Document.

    Models get the theme of `curdoc()`, as with `bokeh.io.show`; a Document keeps its own.

    Raises:
        NotPublishable: it is empty, is not a Bokeh object, or cannot be serialised.
    """
    roots = roots_of(obj)
    _warn_if_empty(roots)
    with _document_for(roots, None if isinstance(obj, Document) else FromCurdoc) as document:
        try:
            serialised: Any = document.to_json(deferred=True)
            content = getattr(serialised, "content", serialised)  # Bokeh 3.4 returns the content itself
            return SerialisedDocument(content, scripts_for(document), drawn_types(document.models))
        except ValueError as error:  # SerializationError is one
            raise NotPublishable(f"Bokeh cannot serialise this: {error}.") from error


def roots_of(obj: Publishable) -> list[Model]:
    """Return the root models of an object.

    Raises:
        NotPublishable: there are none, or some are not models.
    """
    if isinstance(obj, Document):
        roots: Sequence[Any] = obj.roots
    elif isinstance(obj, Model):
        roots = [obj]
    else:
        roots = obj if isinstance(obj, (list, tuple)) else [obj]
    for root in roots:
        if not isinstance(root, Model):
            raise refuse(root)
    if not roots:
        raise NotPublishable("There is nothing to publish: add a figure or a layout first.")
    if not any(isinstance(root, UIElement) for root in roots):
        raise refuse(roots[0])
    return list(dict.fromkeys(roots))


def _warn_if_empty(roots: list[Model]) -> None:
    """Warn about figures and layouts without contents; a script in the browser may add them later."""
    contents = {"renderers", "children", "tabs"}
    containers = [root for root in roots if contents & root.properties()]
    is_empty = not any(getattr(root, name, None) for root in roots for name in contents)
    if len(containers) == len(roots) and is_empty:
        log.warning("The plot is empty: its figure has no glyph, or its layout no figure. It is published.")


@contextmanager
def _document_for(roots: list[Model], theme: type[FromCurdoc] | None) -> Iterator[Document]:
    """Run Bokeh's OutputDocumentFor, and restore the models' document and theme afterwards.

    By itself, it leaves models without a document in the new one, removes the theme of a document if only
    some of its roots are used, and does not clean up if the body raises.
    """
    failure: BaseException | None = None
    models: set[Model] = set()
    with OutputDocumentFor(roots, apply_theme=theme, always_new=not _are_all_roots(roots)) as document:
        models.update(document.models)
        try:
            yield document
        except BaseException as error:  # noqa: BLE001 - raised again below, after Bokeh's cleanup
            failure = error
    for model in models:
        if model.document is not None:
            model.document.theme.apply_to_model(model)
    if failure is not None:
        raise failure


def _are_all_roots(roots: list[Model]) -> bool:
    """Return whether these are all roots of one document."""
    document = roots[0].document
    return document is not None and set(document.roots) == set(roots)
