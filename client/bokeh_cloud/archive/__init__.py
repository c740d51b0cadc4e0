"""A folder with an account's plots, versions and data: a web site that needs no server of ours, and a backup.

    index.html                        the plots
    static/bokehjs/<version>/         BokehJS
    columns/<hash>                    the bytes of a column, as browsers take them
    columns.json                      dtype and shape of each
    extensions/<hash>.js              code of custom models
    plots/<plot>/plot.json            name, title, visibility
    plots/<plot>/index.html           the newest version; `?version=` another
    plots/<plot>/<version>/scene.json what was published
    plots/<plot>/<version>/view.json  the same as a page takes it: packed columns are unpacked
    plots/<plot>/<version>/parts.json its data sources, bundles of BokehJS and extensions
    plots/<plot>/now/view.json        as it is shown, where live data sources changed since
    sources/<id>/<version>.json       a live data source: name, and the hashes of its columns
    manifests/<hash>.json             what a column of one is made of
    chunks/<hash>                     the bytes of that, as they are stored

Nothing in it depends on when or where it was written, so that an export of what was imported is byte-equal.
"""

from .exporting import export
from .importing import import_

__all__ = ["export", "import_"]
