"""The daemon's counts as Prometheus text and through OpenTelemetry."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from isolatejs.daemon.metrics import METRICS, prometheus_text
from isolatejs.daemon.metrics_endpoint import serve_metrics
from isolatejs.daemon.telemetry import report_metrics
from isolatejs.errors import DaemonError

STATISTICS: dict[str, Any] = {metric.statistic: number for number, metric in enumerate(METRICS)} | {
    "draining": True
}


def test_text_is_in_the_exposition_format() -> None:
    text = prometheus_text(STATISTICS)
    assert text.endswith("\n")
    lines = text.splitlines()
    assert len(lines) == 3 * len(METRICS)
    for help, kind, sample in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        name = sample.split(" ")[0]
        assert re.fullmatch(r"[a-z_]+", name)
        assert help.startswith(f"# HELP {name} ")
        assert kind in (f"# TYPE {name} gauge", f"# TYPE {name} counter")
        assert name.endswith("_total") == kind.endswith("counter")
    assert "isolatejs_daemon_draining 1\n" in text


def test_names_are_unique() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


async def test_the_endpoint_answers_only_what_it_should() -> None:
    import asyncio

    async with serve_metrics(0, lambda: STATISTICS) as port:
        url = f"http://127.0.0.1:{port}"
        text = await asyncio.to_thread(lambda: urllib.request.urlopen(url + "/metrics").read())
        assert text.decode() == prometheus_text(STATISTICS)

        def status(path: str, method: str) -> int:
            try:
                with urllib.request.urlopen(urllib.request.Request(url + path, method=method)) as response:
                    return int(response.status)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        assert await asyncio.to_thread(status, "/", "GET") == 404
        assert await asyncio.to_thread(status, "/metrics", "POST") == 405
        assert await asyncio.to_thread(status, "/metrics", "HEAD") == 200
        with pytest.raises(DaemonError, match="cannot be had"):
            async with serve_metrics(port, lambda: STATISTICS):
                pass


def test_opentelemetry_reads_the_same() -> None:
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
    stop = report_metrics(lambda: STATISTICS)
    data = reader.get_metrics_data()
    read = {
        metric.name: metric.data.data_points[0].value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert len(read) == len(METRICS)
    assert read["isolatejs.daemon.leases"] == STATISTICS["leases"]
    assert read["isolatejs.daemon.leases.total"] == STATISTICS["leases_total"]
    stop()
    again = reader.get_metrics_data()
    assert again is None or not again.resource_metrics
