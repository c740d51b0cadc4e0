"""The problems that any service may answer with; a service's own are in its `api.py`."""

from bokeh_common.http.operations import Problem

_CALLER = (
    "Read 'detail', which says what is wrong; change the request and send it again. Nothing was changed."
)

COMMON = (
    Problem(
        "bad-request",
        400,
        "Bad request",
        "The request is not written as HTTP wants it.",
        "Look at how the address and the headers are written; 'detail' says which of them is wrong.",
    ),
    Problem(
        "unauthenticated",
        401,
        "An API key is needed",
        "No key was sent, or one that opens nothing: it is mistyped, expired or revoked.",
        "Send a key as 'Authorization: Bearer bkp_...'; make one on your account page.",
    ),
    Problem(
        "forbidden",
        403,
        "Not allowed",
        "The key is known, and may not do this: it lacks a scope.",
        "Make a key that has the scope which 'detail' names.",
    ),
    Problem(
        "quota-exceeded",
        403,
        "The quota is used up",
        "The account has as much as it may have: 'used' and 'limit' say how much.",
        "Delete something, or ask the operator for more.",
    ),
    Problem(
        "service-refused",
        403,
        "For services alone",
        "Only the services of this cloud may ask this.",
        "Operators: give each service the token that the auth service knows it by.",
    ),
    Problem(
        "not-loopback",
        403,
        "This machine only",
        "A server without keys answers to loopback names only, or to those that its operator allows.",
        "Open it as http://localhost; to be reached from elsewhere it needs accounts.",
    ),
    Problem(
        "cross-site",
        403,
        "Another site asked",
        "A page of another site tried to use this server through your browser, and was refused.",
        "Nothing, unless the page is yours: then have it send a token of its own.",
    ),
    Problem(
        "not-found",
        404,
        "Not found",
        "There is nothing at this address, or it is another account's and not open to you.",
        "Check the address, the account in it, and that your key is of that account.",
    ),
    Problem(
        "method-not-allowed",
        405,
        "Method not allowed",
        "The address is right, and does not take this method.",
        "Use one of the methods that the 'Allow' header lists.",
    ),
    Problem(
        "not-acceptable",
        406,
        "Not in that form",
        "The answer cannot be had in any of the media types that 'Accept' names.",
        "Leave 'Accept' out, or name one of those that 'detail' lists.",
    ),
    Problem(
        "conflict",
        409,
        "Conflict",
        "Somebody else changed the thing at the same moment.",
        "Look at it again, and repeat the request if it is still what you want.",
    ),
    Problem(
        "length-required",
        411,
        "Length required",
        "The request has a body and does not say how long it is.",
        "Send 'Content-Length'; chunked bodies are not taken here.",
    ),
    Problem(
        "precondition-failed",
        412,
        "Changed meanwhile",
        "The thing is no longer in the state that 'If-Match' names. Nothing was changed.",
        "Read it again, see what changed, and send the request with its new ETag.",
    ),
    Problem(
        "too-large",
        413,
        "Too large",
        "The request is over a limit of this server, before or after it is unpacked. Nothing was changed.",
        "Send less at a time; the member 'limit' says how much is taken. Operators can raise limits.",
    ),
    Problem(
        "unsupported-media-type",
        415,
        "Unsupported media type",
        "The body is in a form, or packed in a way, that is not taken here.",
        "Send the 'Content-Type' (and 'Content-Encoding': gzip, zstd or none) that 'detail' names.",
    ),
    Problem("invalid", 422, "Invalid request", "The request is understood, and wrong.", _CALLER),
    Problem("not-json", 422, "Not JSON", "The body is not JSON (RFC 8259), or nested too deeply.", _CALLER),
    Problem(
        "precondition-required",
        428,
        "If-Match is needed",
        "This may overwrite what somebody else changed, so it has to say which state it is meant for.",
        "Read the thing, and send its ETag in 'If-Match'.",
    ),
    Problem(
        "too-many",
        429,
        "Too many requests",
        "There were too many requests in a short time.",
        "Wait as many seconds as 'Retry-After' says.",
    ),
    Problem(
        "internal-error",
        500,
        "Something went wrong",
        "The server failed; nothing is known to be lost.",
        "Try again. If it stays, report it to the operator with its 'X-Request-Id'.",
    ),
    Problem(
        "not-implemented",
        501,
        "Not offered",
        "The request asks for a form or a method that this server does not know.",
        "Leave it out, or ask for what 'detail' names.",
    ),
    Problem(
        "unavailable",
        503,
        "Temporarily unavailable",
        "A store or another service did not answer in time.",
        "Send the same request again after as many seconds as 'Retry-After' says.",
    ),
)
