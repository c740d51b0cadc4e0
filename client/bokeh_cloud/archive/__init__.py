"""A folder with plots, versions and data of an account: a static web site, and a backup.

    index.html                        list of plots
    static/bokehjs/<version>/         BokehJS
    columns/<hash>                    the bytes of a column, as sent to browsers
    columns.json                      dtype and shape of each column
    extensions/<hash>.js              code of custom models
    plots/<plot>/plot.json            name, title, visibility, history, description, tags
    plots/<plot>/index.html           page of the newest version; `?version=` selects another one
    plots/<plot>/<version>/scene.json the scene
    plots/<plot>/<version>/view.json  the scene as the page loads it, with packed columns inlined
    plots/<plot>/<version>/parts.json data sources, bundles of BokehJS and extensions
    plots/<plot>/now/view.json        the plot as it is shown, if its live data sources changed since
    sources/<id>/<version>.json       a version of a live data source: name, and hashes of its columns
    manifests/<hash>.json             manifest of a column of a live data source
    chunks/<hash>                     a chunk of such a column, as it is stored

The files do not depend on the time or the server of the export, so that exporting an imported folder gives
equal bytes.
"""

from bokeh_cloud.archive.exporting import export
from bokeh_cloud.archive.importing import import_

__all__ = ["export", "import_"]
