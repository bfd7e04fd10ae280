"""The Prometheus text format."""

from mockserver.metrics import Metric, exposition


def test_the_text() -> None:
    samples = [({"provider": 'a"b\\c\nd', "status": "200"}, 3), ({}, 0.5)]
    text = exposition([Metric("x_total", "counter", "What it is.", samples), Metric("none", "gauge", "Nothing.", [])])
    assert text == (
        "# HELP x_total What it is.\n"
        "# TYPE x_total counter\n"
        'x_total{provider="a\\"b\\\\c\\nd",status="200"} 3\n'
        "x_total 0.5\n"
    )


def test_large_counts_keep_every_digit() -> None:
    assert exposition([Metric("x", "counter", "X.", [({}, 2**53 - 1)])]).endswith("x 9007199254740991\n")
