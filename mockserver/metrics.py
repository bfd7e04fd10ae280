"""The counters of a server in the Prometheus text format 0.0.4. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Metric(NamedTuple):
    """A metric and its samples: values by labels."""

    name: str
    kind: str
    about: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def exposition(metrics: Iterable[Metric]) -> str:
    """The text of `metrics`, one without samples left out."""
    return "".join(map(_metric, metrics))


def _metric(metric: Metric) -> str:
    lines = [f"{metric.name}{_labels(labels)} {value:.17g}\n" for labels, value in metric.samples]
    if not lines:
        return ""
    return f"# HELP {metric.name} {metric.about}\n# TYPE {metric.name} {metric.kind}\n{''.join(lines)}"


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_value(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return escaped.encode("utf-8", "replace").decode()
