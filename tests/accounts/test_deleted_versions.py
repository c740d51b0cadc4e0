"""What belonged to a deleted version of a plot does not stay in the storage."""

import io
from typing import Any

from PIL import Image

from bokeh_common.storage import open_blobs
from tests.support.account_cloud import AccountCloud


def test_the_thumbnail_of_a_deleted_version_is_deleted_at_once(storage: str, tmp_path: Any) -> None:
    cloud = AccountCloud(storage, tmp_path / "outbox")
    key = cloud.make_key("ada")
    for text in ("first", "second"):
        plot = cloud.publish("ada", key, "one", text)
    image = io.BytesIO()
    Image.new("RGB", (96, 60), "teal").save(image, "PNG")
    path = f"/ada/plots/{plot}"
    assert (
        cloud.request(
            "PUT", f"{path}/thumbnail", key, params={"version": 1}, body=image.getvalue()
        ).status_code
        == 204
    )

    def thumbnails() -> list[str]:
        return [blob.key for blob in open_blobs(storage, "plots").list("thumbnails/ada/")]

    assert len(thumbnails()) == 1
    assert cloud.request("DELETE", f"{path}/versions/1", key).status_code == 204
    assert thumbnails() == []
