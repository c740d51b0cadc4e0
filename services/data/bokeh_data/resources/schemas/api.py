"""What the routes of this service have in common in the OpenAPI description."""

from bokeh_common.http.openapi.operations import Api, Problem
from bokeh_data.resources.schemas.common import Hash, SourceId, UserId

API = Api(
    "data",
    paths={"user": UserId, "source": SourceId, "chunk": Hash, "column": Hash},
    problems=(
        Problem(
            "hash-mismatch",
            422,
            "The bytes have another hash",
            "The bytes that arrived do not have the hash in the URL.",
            "Send them again. If it happens again, compare with the BLAKE3-256 of the uncompressed bytes.",
        ),
        Problem(
            "missing-chunks",
            422,
            "Chunks are missing",
            "A column refers to chunks that this account has not uploaded, or that were deleted.",
            "Upload those that 'missing' lists, and send the request again.",
        ),
        Problem(
            "not-packed",
            422,
            "Not the packed format",
            "The body has the Content-Type of the packed format, but not its contents.",
            "See docs/formats.md, Packed column: a length, a JSON header, buffers.",
        ),
        Problem(
            "unreadable-file",
            422,
            "The file cannot be read",
            "The body is not the kind of file that its Content-Type says, or it is damaged.",
            "'detail' says what is wrong. Check the Content-Type; write the file again, and send it again.",
        ),
        Problem(
            "source-in-use",
            409,
            "Plots use this source",
            "Deleting the data source would break the plots that 'plots' lists.",
            "Delete those plots first, or send '?force=true'.",
        ),
    ),
)
