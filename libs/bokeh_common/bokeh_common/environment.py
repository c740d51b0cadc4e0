"""How settings are read from environment variables. One that is empty is one that is not set."""

from collections.abc import Mapping

from bokeh_common.errors import Invalid

YES = {"1", "true", "yes", "on"}


def flag(environ: Mapping[str, str], name: str) -> bool:
    """Whether a setting is switched on."""
    return environ.get(name, "").lower() in YES


def number(environ: Mapping[str, str], name: str, default: float) -> float:
    """Return a number; `Invalid` says which setting is none."""
    text = environ.get(name) or str(default)
    try:
        return float(text)
    except ValueError:
        raise Invalid(f"{name} must be a number, not {text!r}.") from None


def whole(environ: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number from 0; `Invalid` says which setting is none."""
    text = environ.get(name) or str(default)
    if not text.isdecimal():
        raise Invalid(f"{name} must be a whole number, not {text!r}.")
    return int(text)
