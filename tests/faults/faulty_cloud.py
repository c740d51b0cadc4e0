"""A populated cloud with accounts on Redis, whose storage, clocks and connections a test can disturb."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bokeh_common.storage.testing.servers.processes import ServerProcess, redis_server
from bokeh_common.storage.testing.servers.proxy import FaultProxy
from tests.faults.clocks import Clocks
from tests.faults.ledger import FaultyCaller
from tests.faults.population import Population, create_accounts, publish_plots
from tests.support.mailbox import Mailbox, smtp_server
from tests.support.processes import Processes, start_services
from tests.support.users import RunningCloud, User

SCOPES = ("plots:read", "plots:write", "data:read", "data:write", "gc:run", "account")
STORAGE_TIMEOUT = 1.5  # seconds

#: Services that take leases, which outlive them when they are killed: of mails, and of garbage collection.
LEASING = ("auth", "gc")

SETTINGS: dict[str, Any] = {
    "BOKEH_CLOUD_DRAIN_SECONDS": "0",
    "BOKEH_CLOUD_GC_GRACE_HOURS": "0.001",
    "BOKEH_CLOUD_GC_REST": "0",
    "BOKEH_CLOUD_MAILS_PER_HOUR": "1000000",
    "BOKEH_CLOUD_QUOTA_UPLOADS": "0",
}


@dataclass
class FaultyCloud:
    """A running cloud, and the places at which it can be disturbed.

    Attributes:
        processes: the processes of its services.
        redis: the server of its storage.
        storage: the URL of its storage, without a proxy.
        storage_proxy: the proxy between the services and the storage.
        service_proxies: the proxy in front of each service, through which others call it.
        clocks: the clocks of its services.
        mailbox: the mails that it has sent.
        ada: a user who is signed in.
        key: an API key of Ada.
        population: the other accounts.
    """

    processes: Processes
    redis: ServerProcess
    storage: str
    storage_proxy: FaultProxy
    service_proxies: dict[str, FaultProxy]
    clocks: Clocks
    mailbox: Mailbox
    ada: User
    key: str
    population: Population

    @property
    def caller(self) -> FaultyCaller:
        """A program with Ada's key."""
        return FaultyCaller(self.processes.url, "ada", self.key)


@contextmanager
def start_faulty_cloud(
    folder: Path, accounts: int, with_clocks: Sequence[str] = LEASING
) -> Iterator[FaultyCloud]:
    """Start the cloud, and populate it.

    Args:
        folder: for its storage, clocks and log.
        accounts: the number of accounts to create.
        with_clocks: the services whose clocks can be set, which makes them much slower.
    """
    mailbox, clocks = Mailbox(), Clocks(folder)
    proxies: dict[str, FaultProxy] = {}

    def between(service: str, port: int) -> int:
        proxies[service] = FaultProxy(port)
        return proxies[service].port

    with ExitStack() as stack:
        redis = redis_server(folder / "redis")
        stack.callback(redis.stop)
        storage = f"redis://127.0.0.1:{redis.port}/0"
        proxy = FaultProxy(redis.port)
        stack.callback(proxy.close)
        population = create_accounts(storage, accounts)
        smtp = stack.enter_context(smtp_server(mailbox))
        log = stack.enter_context((folder / "log").open("wb"))
        processes = stack.enter_context(
            start_services(
                f"redis://127.0.0.1:{proxy.port}/0?timeout={STORAGE_TIMEOUT}",
                accounts=True,
                output=log,
                between=between,
                environ_of=lambda service: clocks.environ(service) if service in with_clocks else {},
                BOKEH_CLOUD_SMTP_URL=f"smtp://127.0.0.1:{smtp}",
                **SETTINGS,
            )
        )
        publish_plots(population, processes.url)
        ada = User(RunningCloud(processes.url, mailbox), "ada")
        ada.register()
        key = ada.make_key(*SCOPES)
        yield FaultyCloud(
            processes, redis, storage, proxy, proxies, clocks, mailbox, ada, key, population
        )  # fmt: skip
