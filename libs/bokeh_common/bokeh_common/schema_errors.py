"""Messages of errors that msgspec raises for values that do not fit a type."""

import msgspec

MAX_CHARACTERS = 1000


def explain_invalid(error: msgspec.ValidationError) -> str:
    """Return the message of an error, shortened: it may quote a value that is as long as the body."""
    message = str(error)
    if len(message) <= MAX_CHARACTERS:
        return message
    return f"{message[: MAX_CHARACTERS // 2]} ... {message[-MAX_CHARACTERS // 2 :]}"
