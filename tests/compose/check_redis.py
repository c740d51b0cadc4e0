"""A cloud with all state in Redis (`deploy/compose/redis.yaml`), and a backup that is restored."""

import os
from pathlib import Path

from playwright.sync_api import Browser

from tests.compose.check_readme import follow_chapter
from tests.compose.conftest import register_user, running_cloud
from tests.compose.engine import Compose
from tests.integration.test_api_spec.caller import Caller


def test_the_chapter_of_the_readme_works_with_redis_only(
    observed: Compose, browser: Browser, tmp_path: Path
) -> None:
    follow_chapter(observed, running_cloud(observed), browser, tmp_path)


def test_a_backup_restores_everything(observed: Compose, tmp_path: Path) -> None:
    ada = Caller(observed.url, "ada", register_user(running_cloud(observed), "ada"))
    plot = ada.plot("kept", 1.0, 2.0)
    scene = ada.ok("GET", f"/{{user}}/plots/{plot['id']}/scene")
    if not os.environ.get("COMPOSE_NO_BUILD"):
        observed("build", "--quiet", "operator")
    backup = tmp_path / "backup"
    backup.mkdir()
    backup.chmod(0o777)

    def copy(*urls: str) -> None:
        observed("run", "--rm", "--volume", f"{backup}:/backup", "operator", "storage", "copy", *urls)

    copy("redis://redis:6379/1", "local:///backup/cloud")
    run_redis_cli(observed, "-n", "1", "flushdb")
    assert ada("GET", f"/{{user}}/plots/{plot['id']}/scene").status_code in {401, 404}
    copy("local:///backup/cloud", "redis://redis:6379/1")
    assert "nothing is wrong" in observed("run", "--rm", "operator", "admin", "fsck")
    assert ada.ok("GET", f"/{{user}}/plots/{plot['id']}/scene") == scene


def test_redis_requires_a_login_that_only_its_users_have(observed: Compose) -> None:
    assert "NOAUTH" in observed("exec", "redis", "redis-cli", "ping")
    assert "PONG" in run_redis_cli(observed, "ping")
    for service in ("auth", "plots", "data", "gc", "web"):
        script = "cat /run/secrets/BOKEH_CLOUD_REDIS_LOGIN; find /run/secrets -name '*redis*'"
        login, *more = observed("exec", service, "sh", "-c", script).split()
        assert login.startswith(f"redis://{service}:")
        assert more == []
        assert login not in observed("config")


def run_redis_cli(observed: Compose, *command: str) -> str:
    """Run a command of Redis as its operator."""
    script = 'REDISCLI_AUTH=$(cat /run/secrets/REDISCLI_AUTH) redis-cli --user operator "$@"'
    return observed("exec", "redis", "sh", "-c", script, "sh", *command)
