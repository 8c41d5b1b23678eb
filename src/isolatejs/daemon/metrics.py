"""The daemon's counts as metrics: one list of what there is, and the Prometheus text of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Metric(NamedTuple):
    """`statistic` is its key in the daemon's statistics; a counter only grows."""

    name: str
    statistic: str
    kind: str
    unit: str
    help: str


METRICS: Final = (
    Metric("uptime_seconds", "uptime_s", "gauge", "s", "Time since the daemon started."),
    Metric("draining", "draining", "gauge", "", "1 while the daemon takes nothing new."),
    Metric("connections", "connections", "gauge", "", "Clients connected now."),
    Metric("connections_total", "connections_total", "counter", "", "Clients ever connected."),
    Metric(
        "connections_refused_total",
        "connections_refused_total",
        "counter",
        "",
        "Connections refused: wrong user, or too many.",
    ),
    Metric("leases", "leases", "gauge", "", "Sandboxes leased now, those of parked sessions included."),
    Metric("leases_total", "leases_total", "counter", "", "Sandboxes ever leased."),
    Metric("sandbox_memory_bytes", "memory_bytes", "gauge", "By", "Private memory of all leased sandboxes."),
    Metric("namespaces", "namespaces", "gauge", "", "Sessions known now."),
    Metric("namespaces_parked", "namespaces_parked", "gauge", "", "Sessions put aside now."),
    Metric(
        "namespaces_parked_memory_bytes",
        "namespaces_parked_memory_bytes",
        "gauge",
        "By",
        "Private memory of the sessions put aside.",
    ),
    Metric("namespaces_put_aside_total", "namespaces_put_aside_total", "counter", "", "Sessions put aside."),
    Metric(
        "namespaces_taken_up_total", "namespaces_taken_up_total", "counter", "", "Sessions taken up again."
    ),
    Metric(
        "namespaces_evicted_total",
        "namespaces_evicted_total",
        "counter",
        "",
        "Sessions ended because of a limit.",
    ),
    Metric("pool_warm", "pool_warm", "gauge", "", "Sandboxes that wait warm."),
    Metric("pool_alive", "pool_alive", "gauge", "", "Sandbox processes alive."),
    Metric("pool_created_total", "pool_created", "counter", "", "Sandbox processes ever started."),
)
PREFIX: Final = "isolatejs_daemon_"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def prometheus_text(statistics: Mapping[str, Any]) -> str:
    """The statistics in Prometheus' text exposition format 0.0.4."""
    lines = []
    for metric in METRICS:
        name = PREFIX + metric.name
        lines += [
            f"# HELP {name} {metric.help}",
            f"# TYPE {name} {metric.kind}",
            f"{name} {float(statistics[metric.statistic]):.15g}",
        ]
    return "\n".join(lines) + "\n"
