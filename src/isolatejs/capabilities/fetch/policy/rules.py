"""What the fetch policy allows by name: hosts, ports, schemes, methods. connector.py checks addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from isolatejs.errors import ConfigurationError, FetchError
from isolatejs.web.url import ParsedUrl, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HostRule", "NameRules", "names_this_machine", "normalize_host"]

_RULE: Final = re.compile(r"(?:(https?|wss?)://)?(\*\.)?(\[[^\]]*\]|[^:/?#\[\]@*]+|\*)(?::(\d{1,5}|\*))?/?")
_SAME_SCHEME: Final = {"ws": "http", "wss": "https"}


def names_this_machine(host: str) -> bool:
    """Whether an entry of `hosts` means loopback: naming it is asking for it (`--allow-net localhost:8000`)."""
    name = host.partition("://")[2] or host
    return name.startswith(("localhost", "127.", "[::1]")) or name == "::1"


def normalize_host(host: str) -> str:
    """A host without the dot that may end a full domain name."""
    return host[:-1] if host.endswith(".") else host


@dataclass(frozen=True, slots=True)
class HostRule:
    """One entry of `hosts`: `a.com`, `*.a.com`, `a.com:8443`, `https://a.com`, `[::1]`, `*`.

    Without a port every port is meant, without a scheme every allowed scheme. `*.a.com` means the
    names below `a.com`, not itself.
    """

    host: str
    below: bool = False
    port: int | None = None
    scheme: str | None = None

    @classmethod
    def parse(cls, text: str) -> HostRule:
        """Read one entry. Raises ConfigurationError when it is none."""
        match = _RULE.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise ConfigurationError(
                f"hosts: {text!r} is not a host such as 'example.com', '*.example.com' or 'example.com:8443'"
            )
        scheme, below, host, port = match.groups()
        if host != "*":
            try:
                host = parse_url(f"http://{host}/").host
            except ValueError as error:
                raise ConfigurationError(f"hosts: {text!r}: {error}") from error
        elif below:
            raise ConfigurationError(f"hosts: {text!r} is not a host; '*' alone means every host")
        if port is not None and port != "*" and not 0 < int(port) < 65536:
            raise ConfigurationError(f"hosts: {text!r} has a port that does not exist")
        return cls(
            host=normalize_host(host),
            below=below is not None,
            port=None if port in {None, "*"} else int(port),
            scheme=_SAME_SCHEME.get(scheme, scheme),
        )

    def matches(self, url: ParsedUrl) -> bool:
        """Whether `url` is one that this rule means."""
        if self.port is not None and self.port != url.effective_port:
            return False
        if self.scheme is not None and self.scheme != _SAME_SCHEME.get(url.scheme, url.scheme):
            return False
        return self.matches_host(url.host)

    def matches_host(self, host: str) -> bool:
        """Whether `host` (canonical) is one that this rule means."""
        host = normalize_host(host)
        if self.host == "*":
            return True
        return host.endswith("." + self.host) if self.below else host == self.host


@dataclass(frozen=True, slots=True)
class NameRules:
    """Hosts, schemes and methods of a policy."""

    hosts: tuple[HostRule, ...]
    schemes: frozenset[str]
    methods: frozenset[str] | None

    @classmethod
    def from_options(
        cls, *, hosts: str | Iterable[str], schemes: Iterable[str], methods: Iterable[str] | None
    ) -> NameRules:
        """Check the options of `create_fetch_binding`. Raises ConfigurationError for a wrong one."""
        rules = tuple(HostRule.parse(host) for host in ([hosts] if isinstance(hosts, str) else hosts))
        chosen = frozenset([schemes] if isinstance(schemes, str) else schemes)
        if not chosen or not chosen <= {"http", "https"}:
            raise ConfigurationError(f"schemes: 'http' and 'https' can be allowed, not {sorted(chosen)!r}")
        if isinstance(methods, str):
            methods = [methods]
        if methods is None:
            return cls(rules, chosen, None)
        names = list(methods)
        if not all(isinstance(name, str) for name in names):
            raise ConfigurationError(f"methods: names such as 'GET', not {names!r:.80}")
        return cls(rules, chosen, frozenset(name.upper() for name in names))

    def check(self, url: ParsedUrl, method: str) -> None:
        """Raise FetchError unless a request of `method` to `url` is allowed."""
        if _SAME_SCHEME.get(url.scheme, url.scheme) not in self.schemes:
            raise FetchError(f"scheme {url.scheme!r} is not allowed")
        if url.username or url.password:
            raise FetchError("a URL with a user name or password is not allowed")
        if self.methods is not None and method.upper() not in self.methods:
            raise FetchError(f"method {method[:20]} is not allowed")
        if not any(rule.matches(url) for rule in self.hosts):
            raise FetchError(f"host {url.authority[:300]!r} is not allowed")

    def allows_host(self, host: str, port: int) -> bool:
        """The same question once more where the connection is made, from host and port alone."""
        return any(rule.matches_host(host) and rule.port in {None, port} for rule in self.hosts)
