"""What Consentry counts about itself, declared in one place. Labels hold no names and no secrets."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Measures:
    """The counters of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.refreshes = Counter(
            "consentry_refreshes", "Refresh requests, by how they ended.", ["outcome"], registry=self.registry
        )
        self.refresh_seconds = Histogram(
            "consentry_refresh_seconds",
            "Time from a refresh's beginning to its commit.",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.token_reads = Counter(
            "consentry_token_reads",
            "Access tokens handed out, by where they came from.",
            ["source"],
            registry=self.registry,
        )
        self.proxy_calls = Counter(
            "consentry_proxy_calls",
            "Calls through the proxy, by class of the answer.",
            ["status"],
            registry=self.registry,
        )
        self.proxy_seconds = Histogram(
            "consentry_proxy_seconds", "Time to the first byte of a proxied answer.", registry=self.registry
        )
        self.authorizations = Counter(
            "consentry_authorizations",
            "Attempts to get consent, by how they ended.",
            ["outcome"],
            registry=self.registry,
        )
        self.revocations = Counter(
            "consentry_revocations",
            "Tokens withdrawn at the provider, by how it ended.",
            ["outcome"],
            registry=self.registry,
        )
        self.credentials = Gauge("consentry_credentials", "Credentials, by status.", ["status"], registry=self.registry)
        self.rows = Gauge(
            "consentry_rows",
            "Rows that destinations have written or not, by outcome, since the beginning.",
            ["outcome"],
            registry=self.registry,
        )
        self.budget_left = Gauge(
            "consentry_budget_left",
            "Calls left in the provider's window, by upstream user.",
            ["subject"],
            registry=self.registry,
        )
