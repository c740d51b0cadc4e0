"""The chunks that an account has uploaded."""

from collections.abc import Iterable, Iterator

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.hashing import verify_blocks
from bokeh_data.columns.manifest import check_hash
from bokeh_data.storage.repository import DataRepository


class AccountChunks:
    """Stores and reads chunks, for one account at a time."""

    def __init__(self, repository: DataRepository) -> None:
        self._repository = repository

    def missing(self, user: str, hashes: Iterable[str]) -> list[str]:
        """Return those chunks that have to be uploaded, in the order of `hashes`.

        The others are touched, since the client relies on them until it commits.
        """
        return [name for name in hashes if not self._repository.touch_chunk(user, name)]

    def store(self, user: str, chunk: str, blocks: Iterable[bytes]) -> bool:
        """Store a chunk; return False if the account has uploaded it before.

        Raises:
            Invalid: the bytes do not hash to `chunk`; nothing is stored.
            Forbidden: the account would exceed its quota.
        """
        check_hash(chunk)
        if self._repository.touch_chunk(user, chunk):
            return False

        def mismatch(found: str) -> Invalid:
            detail = (
                f"The bytes hash to {found}, not to {chunk}; they were truncated or changed. Send them again."
            )
            return Invalid(detail, slug="hash-mismatch")

        self._repository.put_chunk(user, chunk, verify_blocks(blocks, chunk, mismatch))
        return True

    def read(self, user: str, chunk: str) -> tuple[Iterator[bytes], int]:
        """Return the bytes of a chunk in blocks, and their number.

        Raises:
            NotFound: the account has not uploaded it.
        """
        size = self._repository.chunk_size(user, check_hash(chunk))
        if size is None:
            raise NotFound("This account has not uploaded such a chunk.")
        return self._repository.read_chunk(chunk), size
