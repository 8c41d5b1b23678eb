"""What a daemon is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isolatejs.limits import DAEMON_CLIENTS_LIMIT, DAEMON_LEASES_LIMIT, POOL_SIZE
from isolatejs.sandbox.parked import ParkingLimits

if TYPE_CHECKING:
    from isolatejs.sandbox.confinement import Confinement


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSettings:
    """Options of one daemon.

    `socket_path`      where it listens.
    `pool_size`        sandboxes that wait warm.
    `confinement`      how strict the wall is: "require", "best_effort" or "off".
    `clients`          connections at once.
    `leases`           sandboxes leased at once, sessions among them.
    `memory_limit_mb`  the most that a client may ask for one sandbox; None leaves it to the clients.
    `parking`          limits of the sessions that are kept aside.
    `idle_exit_ms`     how long it stays without clients and sessions; None for ever.
    `metrics_port`     loopback port for Prometheus to read; 0 takes a free one, None has none.
    """

    socket_path: str
    pool_size: int = POOL_SIZE
    confinement: Confinement = "require"
    clients: int = DAEMON_CLIENTS_LIMIT
    leases: int = DAEMON_LEASES_LIMIT
    memory_limit_mb: int | None = None
    parking: ParkingLimits = field(default_factory=ParkingLimits)
    idle_exit_ms: float | None = None
    metrics_port: int | None = None
