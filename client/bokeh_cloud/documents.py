"""From what a person calls a plot to one serialised Bokeh document, leaving their models as they were."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bokeh.document import Document
from bokeh.embed.util import FromCurdoc, OutputDocumentFor, submodel_has_python_callbacks
from bokeh.model import Model

from .bundles import Scripts, scripts_for
from .errors import NotPublishable

log = logging.getLogger("bokeh_cloud")

Publishable = Model | Sequence[Model] | Document

_CALLBACKS = (
    "The plot has Python callbacks (on_change or on_event). It is published, but they will not run: there is "
    "no Python behind a published plot. Use JavaScript callbacks (js_on_change, js_link, CustomJS) instead."
)


def serialise(obj: Publishable) -> tuple[Any, Scripts]:
    """Return the document JSON of a figure, layout, list of models or Document, and the scripts it needs.

    Models are drawn in the theme of `curdoc()`, as `bokeh.io.show` draws them, a Document in its own. Buffers
    are views of the arrays of the models, not copies.

    Raises:
        NotPublishable: there is nothing in it, it is no Bokeh object, or Bokeh cannot serialise it.
    """
    roots = roots_of(obj)
    _warn_of_emptiness(roots)
    if submodel_has_python_callbacks(roots):
        log.warning(_CALLBACKS)
    with _document_for(roots, None if isinstance(obj, Document) else FromCurdoc) as document:
        try:
            serialised: Any = document.to_json(deferred=True)
            content = getattr(serialised, "content", serialised)  # Bokeh 3.4 returns the content itself
            return content, scripts_for(document)
        except ValueError as error:  # SerializationError is one
            raise NotPublishable(f"Bokeh cannot serialise this: {error}.") from error


def roots_of(obj: Publishable) -> list[Model]:
    """Return the models that a page shows side by side.

    Raises:
        NotPublishable: there are none, or some are no models.
    """
    if isinstance(obj, Document):
        roots: Sequence[Any] = obj.roots
    elif isinstance(obj, Model):
        roots = [obj]
    else:
        roots = obj if isinstance(obj, (list, tuple)) else [obj]
    for root in roots:
        if not isinstance(root, Model):
            raise NotPublishable(
                f"{type(root).__name__} is not a Bokeh object: publish a figure, a layout, a list of these, "
                "or a Document."
            )
    if not roots:
        raise NotPublishable("There is nothing to publish: add a figure or a layout first.")
    return list(dict.fromkeys(roots))


def _warn_of_emptiness(roots: list[Model]) -> None:
    """Say that there is nothing to see; perhaps it is meant so, or a script draws into it in the browser."""
    drawn = {"renderers", "children", "tabs"}
    holders = [root for root in roots if drawn & root.properties()]
    if len(holders) == len(roots) and not any(getattr(root, name, None) for root in roots for name in drawn):
        log.warning(
            "This is empty: no glyph was added to the figure, or nothing to the layout. It is published."
        )


@contextmanager
def _document_for(roots: list[Model], theme: type[FromCurdoc] | None) -> Iterator[Document]:
    """Bokeh's OutputDocumentFor, after which the models have the document and the theme that they had before.

    Left to itself, it gives models without a document one for ever, takes away the theme of a document of
    which only some roots are drawn, and does not tidy up when the body fails.
    """
    failure: BaseException | None = None
    with OutputDocumentFor(roots, apply_theme=theme, always_new=not _are_a_document(roots)) as document:
        try:
            yield document
        except BaseException as error:  # noqa: BLE001 - raised again below, once Bokeh has tidied up
            failure = error
    for model in {model for root in roots for model in root.references()}:
        if model.document is not None:
            model.document.theme.apply_to_model(model)
    if failure is not None:
        raise failure


def _are_a_document(roots: list[Model]) -> bool:
    home = roots[0].document
    return home is not None and set(home.roots) == set(roots)
