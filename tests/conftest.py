"""Settings of all tests: no example of hypothesis fails for being slow on a busy machine; figures are printed at the end."""

import gc
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("tokentape", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=200)  # that of make test-all
settings.load_profile("tokentape")


def pytest_collection_finish() -> None:
    """11,000 tests are a million objects that stay: no collection need go over them again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests have measured: `record_property("printed", text)`. A worker's own output is not shown."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, ())]
    texts = [(one.nodeid, str(text)) for one in reports for name, text in one.user_properties if name == "printed"]
    for test in dict.fromkeys(test for test, _ in texts):
        terminalreporter.write_sep("-", test)
        for text in (text for owner, text in texts if owner == test):
            terminalreporter.write_line(text)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Makes `xdist_group` count: pytest-xdist 3.8 writes the group into `_nodeid`, which pytest 9.2 does not read any
    more, and distributes the tests as if there were no groups (pytest-xdist issue 1386)."""
    yield
    for item in items:
        written = vars(item).get("_nodeid", item.nodeid)
        if written != item.nodeid:
            item._id = type(item.id).parse(written)
