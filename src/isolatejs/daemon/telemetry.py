"""The daemon's metrics through OpenTelemetry, when its API is installed (`isolatejs[telemetry]`).

Which SDK and exporter read them is up to how the daemon is started (`opentelemetry-instrument`, say).
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from isolatejs.daemon.metrics import METRICS, Metric
from isolatejs.daemon.packets import version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def report_metrics(statistics: Callable[[], Mapping[str, Any]]) -> Callable[[], None]:
    """Register an instrument for each metric. Gives what ends the reporting."""
    if importlib.util.find_spec("opentelemetry") is None:
        return lambda: None
    from opentelemetry.metrics import CallbackOptions, Observation, get_meter

    meter = get_meter("isolatejs.daemon", version())
    reporting = [True]

    def observe(metric: Metric) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda options: [Observation(float(statistics()[metric.statistic]))] if reporting else []

    for metric in METRICS:
        make = meter.create_observable_counter if metric.kind == "counter" else meter.create_observable_gauge
        name = "isolatejs.daemon." + metric.name.replace("_total", ".total")
        make(name, callbacks=[observe(metric)], unit=metric.unit or "1", description=metric.help)
    return reporting.clear
