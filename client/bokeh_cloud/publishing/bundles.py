"""The scripts that a document needs: BokehJS bundles by name, and extensions, the code of custom models.

Both are determined by `bokeh.embed.bundle.bundle_for_objs_and_resources`, which `file_html` calls, too. The
server has BokehJS of every version, but not the code of custom models: it can only be compiled (by Node.js)
where they are defined.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bokeh.core.has_props import HasProps
from bokeh.document import Document
from bokeh.embed.bundle import Bundle, bundle_for_objs_and_resources
from bokeh.resources import Resources

from bokeh_cloud.errors import NotPublishable
from bokeh_cloud.publishing.external_files import external_files

BOKEHJS_URL = "http://bokehjs.invalid/"  # marks files of BokehJS in a list of URLs; is never requested
BOKEHJS_FILE = re.compile(r"/static/js/(bokeh[a-z-]*?)(?:\.min)?\.js$")

#: The names of modules that other bundles than bokeh.min.js contain, in the code of extensions.
MODULES = {
    "bokeh-gl": "models/glyphs/webgl",
    "bokeh-tables": "models/widgets/tables",
    "bokeh-widgets": "models/widgets",
}

#: The delimiters of formulas, which some extensions render by the MathJax of BokehJS.
TEX = re.compile(r"\$\$|\\\[|\\\(")

# The names that bokeh.min.js defines in the global `Bokeh`; any other one is defined by bokeh-api.min.js.
API_USE = re.compile(
    r"\bBokeh\b(?!\s*\.\s*(?:documents|embed|index|logger|require|Models|set_log_level|settings|version)\b)"
)


@dataclass(frozen=True, slots=True)
class Scripts:
    """Names of BokehJS bundles in loading order, and the JavaScript of extensions to run after them."""

    bundles: tuple[str, ...]
    extensions: tuple[str, ...]


def scripts_for(document: Document) -> Scripts:
    """Return the scripts that a browser must load to display a document.

    Raises:
        NotPublishable: a custom model cannot be compiled, since Node.js is missing or its code has an error.
    """
    models = set(document.models)
    packaged = external_files(models)
    resources = Resources(mode="server", root_url=BOKEHJS_URL)
    found = _bundle(document, resources)
    urls = [str(url) for url in found.js_files if str(url).startswith(BOKEHJS_URL)]
    bundles = [match[1] for url in urls if (match := BOKEHJS_FILE.search(url))]
    has_extension = len(urls) > len(bundles) or len(found.js_raw) > len(resources.js_raw)
    extensions = _extensions(document, bundles) if has_extension else ()
    bundles = _with_required(bundles, extensions, models)
    api = ["bokeh-api"] if any(_uses_api(model) for model in models) else []
    return Scripts((*bundles, *api), (*packaged, *extensions))


def _extensions(document: Document, bundles: Iterable[str]) -> tuple[str, ...]:
    """Return the code of custom models: all inlined scripts but the first ones, which are BokehJS."""
    resources = Resources(mode="inline")
    wanted = [component for component in resources.components if component in set(bundles)]
    bokehjs = resources.clone(components=wanted).js_raw
    return tuple(_bundle(document, resources).js_raw[len(bokehjs) :])


def _with_required(bundles: list[str], extensions: Iterable[str], models: Iterable[HasProps]) -> list[str]:
    """Return the bundles with those from which extensions import modules, which Bokeh does not look at."""
    required = {name for name, module in MODULES.items() if any(module in script for script in extensions)}
    if extensions and any(map(_contains_tex, models)):
        required.add("bokeh-mathjax")
    return [name for name in Resources().components_for("js") if name in required.union(bundles)]


def _contains_tex(model: HasProps) -> bool:
    text = getattr(model, "text", None)
    return isinstance(text, str) and TEX.search(text) is not None


def _uses_api(model: HasProps) -> bool:
    code = getattr(model, "code", None)
    return isinstance(code, str) and API_USE.search(code) is not None


def _bundle(document: Document, resources: Resources) -> Bundle:
    try:
        return bundle_for_objs_and_resources([document], resources)
    except RuntimeError as error:
        raise NotPublishable(f"The code of a custom model cannot be compiled: {error}") from error
    except SystemExit as error:  # Bokeh has printed the compiler's messages before
        raise NotPublishable(
            "The code of a custom model does not compile; the messages of the compiler are above."
        ) from error
