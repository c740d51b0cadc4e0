"""The commands of `bokeh-cloud`, one module for each group; they are imported when they are used."""

#: Location of each command: module of this package, and its attribute.
COMMANDS = {
    "clone": ("plots", "clone"),
    "completion": ("completion", "completion"),
    "export": ("archive", "export"),
    "import": ("archive", "import_"),
    "data": ("data.sources", "data"),
    "gc": ("garbage", "gc"),
    "doctor": ("doctor", "doctor"),
    "keys": ("keys", "keys"),
    "login": ("accounts", "login"),
    "logout": ("accounts", "logout"),
    "plots": ("plots", "plots"),
    "publish": ("publish", "publish"),
    "register": ("accounts", "register"),
    "rename": ("plots", "rename"),
    "rm": ("plots", "rm"),
    "rollback": ("plots", "rollback"),
    "servers": ("servers", "servers"),
    "share": ("shares", "share"),
    "shares": ("shares", "shares"),
    "show": ("plots", "show"),
    "unshare": ("shares", "unshare"),
    "versions": ("plots", "versions"),
    "visibility": ("plots", "visibility"),
    "whoami": ("accounts", "whoami"),
}
