"""The commands of `bokeh-cloud`, a file for each group; each is imported when it is asked for."""

#: Where each command is: module of this package, and the name in it.
TABLE = {
    "clone": ("plots", "clone"),
    "completion": ("completion", "completion"),
    "export": ("archive", "export"),
    "import": ("archive", "import_"),
    "data": ("data", "data"),
    "gc": ("collection", "collection"),
    "doctor": ("doctor", "doctor"),
    "keys": ("keys", "keys"),
    "login": ("accounts", "login"),
    "logout": ("accounts", "logout"),
    "plots": ("plots", "plots"),
    "publish": ("publish", "publish"),
    "register": ("accounts", "register"),
    "rm": ("plots", "rm"),
    "rollback": ("plots", "rollback"),
    "servers": ("servers", "servers"),
    "share": ("shares", "share"),
    "shares": ("shares", "shares"),
    "show": ("plots", "show"),
    "unshare": ("shares", "unshare"),
    "versions": ("plots", "versions"),
    "whoami": ("accounts", "whoami"),
}
