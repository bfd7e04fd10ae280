"""The pytest plugin of tokentape: fixtures, the mark, options, what a failing test is told.

pytest's side only: what a test gets is made by `mockserver.rig`. Imports pytest and the standard library; our packages
load once a test file mentions us or a fixture of ours is used, after a check that they are ours: their names are
generic, and a project may have a `mockserver.py` of its own.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.mock import Mock
    from mockserver.rig import Rig, Running

MODES = ("none", "once", "new_episodes", "all", "rewrite")
NAME = b"tokentape"
PACKAGES = ("cassettes", "recorder", "mockserver")
CONFIGS = ("tokentape.toml", "pyproject.toml")
SKIPPED = ("node_modules", "__pycache__", "site-packages")
_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


class ProviderContactError(RuntimeError):
    """A test asked a provider's own host, and `guard` is on. No OSError: clients would try again."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options; their defaults come from configuration, so here they have none."""
    group = parser.getgroup("tokentape", "tokentape: streams of LLM providers, recorded and played")
    group.addoption("--tokentape-record", choices=MODES, help="What tests record. [default: --record-mode, else none]")
    group.addoption("--tokentape-speed", metavar="X", help="Factor, or max for no waiting at all. [default: max]")
    group.addoption("--tokentape-seed", type=int, metavar="N", help="Seed of everything random. [default: 0]")
    group.addoption("--tokentape-accept", action="store_true", help="Make what tests ask the requests of their tapes.")
    group.addoption("--tokentape-max-age", metavar="AGE", help="Tell of tapes recorded longer ago, e.g. 90d.")
    group.addoption("--tokentape-strict", action="store_true", help="Interactions that were never played are failures.")


# -- a session ---------------------------------------------------------------------------------------------------------


class Session:
    """What this process has of tokentape: nothing until `start`. `hidden`: which file of the project keeps it from
    being used."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.rig: Rig | None = None
        self.hidden: str | None = None
        self.running: dict[str, Running] = {}
        self.contacted: list[str] = []
        self.failed: set[str] = set()
        self._environ: dict[str, str | None] = {}

    def started(self) -> Rig:
        """The rig, started now if need be. Fails a test that cannot have it."""
        if self.rig is None:
            self.start()
        if self.rig is None:
            pytest.fail(self.hidden or "tokentape did not start", pytrace=False)
        return self.rig

    def start(self) -> None:
        """Starts the server and sets the variables. Raises pytest.UsageError for settings that cannot be used."""
        if (hidden := self.hidden or _hidden_package()) is not None:
            self.hidden = hidden
            return
        ours = import_module("tokentape")
        try:
            rig = ours.Composition().rig(self._flags(), self.config.rootpath, dict(os.environ))
            rig.open()
        except ours.TokentapeError as error:
            raise pytest.UsageError(f"tokentape: {error}") from None
        self.rig = rig
        variables = rig.variables(os.environ)
        self._environ = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)

    def _flags(self) -> dict[str, Any]:
        option = _options(self.config)
        names = ("record", "speed", "seed", "strict", "accept", "max_age")
        flags = {name: getattr(option, f"tokentape_{name}", None) for name in names}
        flags["record"] = flags["record"] or getattr(option, "record_mode", None)
        return flags

    def stop(self) -> None:
        """Everything as it was."""
        for name, value in self._environ.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._environ = {}
        if self.rig is not None:
            self.rig.close()
            self.rig = None


_KEY = pytest.StashKey[Session]()


def _session(config: pytest.Config) -> Session:
    if _KEY not in config.stash:
        session = config.stash[_KEY] = Session(config)
        config.add_cleanup(session.stop)
    return config.stash[_KEY]


def _options(config: pytest.Config) -> Any:
    """The options as far as they are known: those of the command line before the first conftest is imported."""
    return getattr(config, "known_args_namespace", None) or config.option


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before anything of the project is imported: clients that its modules make must find the server."""
    if _is_controller(early_config):
        return
    session = _session(early_config)
    files = list(_test_files(early_config))
    if any(map(_mentions_us, files)) or any(map(_guards, CONFIGS, [early_config.rootpath] * len(CONFIGS))):
        session.hidden = _taken_name({path.parent for path in files}, early_config)
        if session.hidden is None:
            session.start()


def _mentions_us(file: Path) -> bool:
    with contextlib.suppress(OSError):
        return NAME in file.read_bytes()
    return False


def _guards(name: str, root: Path) -> bool:
    """Whether the configuration asks for `guard`, which is for tests that do not mention us too."""
    with contextlib.suppress(OSError):
        text = (root / name).read_bytes()
        return NAME in text + name.encode() and b"guard" in text
    return False


def _is_controller(config: pytest.Config) -> bool:
    """Whether other processes run the tests (xdist)."""
    spread = getattr(_options(config), "numprocesses", None) or getattr(_options(config), "tx", None)
    return bool(spread) and "PYTEST_XDIST_WORKER" not in os.environ


def _test_files(config: pytest.Config) -> Iterator[Path]:
    """The test files and conftests that pytest is about to import, as far as can be told from their names."""
    started = Path(config.invocation_params.dir)
    given = getattr(_options(config), "file_or_dir", None) or (
        config.getini("testpaths") if started == config.rootpath else []
    )
    patterns = [*config.getini("python_files"), "conftest.py"]
    skipped = [*config.getini("norecursedirs"), *SKIPPED]
    for place in [started / str(one).partition("::")[0] for one in given] or [started]:
        above = (one / "conftest.py" for one in place.parents if one.is_relative_to(config.rootpath))
        yield from (one for one in above if one.is_file())
        if place.is_file():
            yield place
        for folder, folders, names in os.walk(place):
            folders[:] = [
                one
                for one in sorted(folders)
                if not any(fnmatch.fnmatch(one, pattern) for pattern in skipped)
                and not os.path.exists(os.path.join(folder, one, "pyvenv.cfg"))  # noqa: PTH110, PTH118 - quick
            ]
            for name in names:
                if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
                    yield Path(folder, name)


def _hidden_package() -> str | None:
    return str(hidden) if (hidden := import_module("tokentape").hidden_package()) else None


def _taken_name(folders: set[Path], config: pytest.Config) -> str | None:
    """A line naming the file of the project that has one of our packages' names, where pytest will put it before ours
    (rootdir of a test file: the nearest folder upwards that is no package); None if no name is taken."""
    if getattr(_options(config), "importmode", "prepend") == "importlib":
        return None
    home = Path(__file__).parent
    for folder in sorted(folders):
        base = next((one for one in (folder, *folder.parents) if not (one / "__init__.py").is_file()), folder)
        for name in PACKAGES:
            for path in (base / f"{name}.py", base / name / "__init__.py"):
                if path.is_file() and base.resolve() != home.resolve():
                    return f"{path} hides tokentape's own package {name!r} ({home / name}): rename it to use both"
    return None


# -- tests -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def tokentape_config() -> dict[str, Any]:
    """Settings of this suite, module or class; override it: `{"speed": 2, "tapes": ["tests/tapes"], "match": "route"}`.

    Speed, ttft, tps, max_gap, jitter, match, after_last, seed, strict, tapes, ignore, normalize. What the command line
    and a test's mark say goes before it.
    """
    return {}


@pytest.fixture(scope="session")
def tokentape_server(request: pytest.FixtureRequest) -> Mock:
    """The server of this process, at the URL that stays: what asks there is on the deck of the test that runs."""
    from mockserver.mock import Mock

    return Mock(_session(request.config).started().house)


@pytest.fixture
def tokentape(request: pytest.FixtureRequest, tokentape_config: dict[str, Any]) -> Iterator[Mock]:
    """The deck of this test: its tapes, faults and journal. `tokentape.url("openai")` is for a client's base_url; what
    asks at the base URLs of the environment is on it too."""
    session = _session(request.config)
    rig = session.started()
    errors = import_module("tokentape").TokentapeError
    item = request.node
    try:
        running, flaw = rig.begin(_test(request), _wish(item), tokentape_config), ""
    except errors as error:
        running, flaw = None, f"tokentape: {error}"
    if running is None:
        pytest.fail(flaw, pytrace=False)
    session.running[item.nodeid] = running
    try:
        with _reachable(request, rig.house.url):
            yield running.mock
    finally:
        session.running.pop(item.nodeid, None)
        lost = rig.end(running, passed=item.nodeid not in session.failed)
    if lost:
        pytest.fail("\n".join(lost), pytrace=False)


def _test(request: pytest.FixtureRequest) -> Any:
    try:
        folder = request.getfixturevalue("vcr_cassette_dir")  # pytest-recording's
    except pytest.FixtureLookupError:
        folder = None
    return _node(request.node, folder)


def _node(item: Any, folder: str | Path | None = None) -> Any:
    class_name = item.cls.__name__ if getattr(item, "cls", None) else None
    return import_module("mockserver.lookup").node_of(item.nodeid, item.path, class_name, item.name, folder)


def _wish(item: pytest.Item) -> Any:
    wishes = import_module("mockserver.wishes")
    return wishes.wish_of([wishes.Mark(mark.args, mark.kwargs) for mark in item.iter_markers("tokentape")])


@contextlib.contextmanager
def _reachable(request: pytest.FixtureRequest, url: str) -> Iterator[None]:
    """Lets our own server be asked, and our recorder ask, where other plugins block connections
    (pytest-recording's --block-network, pytest-socket's --allow-hosts)."""
    if request.config.pluginmanager.has_plugin("recording"):
        request.getfixturevalue("block_network")  # it comes before us, so that it goes after us
    blocking = socket.socket.connect
    if blocking is _connect:
        yield
        return
    ours = ("127.0.0.1", int(url.rpartition(":")[2]))

    def connect(self: socket.socket, address: Any) -> Any:
        free = address == ours or threading.current_thread().name == "tokentape"
        return _connect(self, address) if free else blocking(self, address)

    before = socket.socket.connect_ex

    def connect_ex(self: socket.socket, address: Any) -> Any:
        return _connect_ex(self, address) if address == ours else before(self, address)

    guarded = {"connect": (connect, blocking), "connect_ex": (connect_ex, before)}
    for name, (free, _) in guarded.items():
        setattr(socket.socket, name, free)
    try:
        yield
    finally:
        for name, (free, was) in guarded.items():
            if getattr(socket.socket, name) is free:  # else the one who blocked has already gone
                setattr(socket.socket, name, was)


def pytest_configure(config: pytest.Config) -> None:
    """Declares the mark."""
    config.addinivalue_line(
        "markers",
        "tokentape(*tapes, faults=None, scenario=None, speed=None, match=None, strict=None): play these tapes to the "
        "test (none: its own), broken by these faults or this scenario.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The mark alone is enough: a test that has it gets the fixture, before its others."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and item.get_closest_marker("tokentape") is not None and "tokentape" not in names:
            names.insert(0, "tokentape")
        if names is not None and "tokentape" in names and _blocks_sockets(config, item):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


def _blocks_sockets(config: pytest.Config, item: pytest.Item) -> bool:
    """Whether pytest-socket keeps a test from having sockets at all, and the test says nothing else of it."""
    if not getattr(config.option, "disable_socket", False) or getattr(config.option, "allow_hosts", None):
        return False
    return not any(map(item.get_closest_marker, ("allow_hosts", "enable_socket", "disable_socket")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that has passed fails after all if something is wrong with what it asked."""
    session = _session(item.config)
    session.contacted.clear()
    with _guarding(session):
        result = yield
    if session.contacted:
        raise ProviderContactError(_contact(session.contacted[0]))
    running = session.running.get(item.nodeid)
    if running is not None and session.rig is not None and (problems := session.rig.problems(running)):
        pytest.fail(running.mock.report(problems), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Puts the deck's journal and seed beside what failed."""
    report = yield
    session = _session(item.config)
    running = session.running.get(item.nodeid)
    if report.failed and running is not None and session.rig is not None:
        session.failed.add(item.nodeid)
        text = running.mock.report(session.rig.problems(running))
        if text not in report.longreprtext:
            report.sections.append((f"tokentape {call.when}", text))
    return report


@contextlib.contextmanager
def _guarding(session: Session) -> Iterator[None]:
    """With `guard` names of providers' hosts are not looked up. Not while recording: that is what is asked then."""
    rig = session.rig
    if rig is None or not rig.settings.guard or rig.settings.records:
        yield
        return
    by_host = import_module("cassettes.providers").by_host
    looked_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        if name not in {"localhost", "127.0.0.1", "::1"} and by_host(name) is not None:
            session.contacted.append(name)
            raise ProviderContactError(_contact(name))
        return looked_up(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = looked_up


def _contact(host: str) -> str:
    return (
        f"this test asked {host} itself, and `guard` is on: give the client base_url=tokentape.url(…), or let it read "
        "its base URL from the environment"
    )


# -- the end -----------------------------------------------------------------------------------------------------------


def pytest_report_header(config: pytest.Config) -> str | None:
    """Where the server is, and what everything random is drawn from."""
    rig = _session(config).rig
    if rig is None:
        return None
    settings = rig.settings
    return f"tokentape: {rig.house.url}, record {settings.record}, seed {settings.seed}"


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | None:
    """What recording anew will cost, before anything is asked."""
    rig = _session(config).rig
    if rig is None or rig.settings.record not in {"all", "rewrite"}:
        return None
    tests = [(_node(item), _wish(item).tapes) for item in items if "tokentape" in getattr(item, "fixturenames", ())]
    told = rig.estimate(tests)
    return told and f"tokentape: {told}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Notes what was played, for `tokentape prune`; a worker tells the process that shows the summary."""
    config = session.config
    rig = _session(config).rig
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["tokentape"] = {"played": sorted(rig.played), "recorded": rig.recorded + rig.told} if rig else {}
    elif rig is not None:
        _finished(config, rig.played, rig.recorded + rig.told)
    else:
        _finished(config, *_joined(config.stash.get(_TOLD, [])))


def _joined(told: list[dict[str, Any]]) -> tuple[set[Any], list[str]]:
    """What all workers have played and recorded."""
    played = {tuple(one) for part in told for one in part["played"]}
    return played, [line for part in told for line in part["recorded"]]


_TOLD = pytest.StashKey[list[dict[str, Any]]]()
_RECORDED = pytest.StashKey[list[str]]()
PLAYED = Path(".tokentape", "played.jsonl")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker of xdist has to tell."""
    if told := getattr(node, "workeroutput", {}).get("tokentape"):
        node.config.stash.setdefault(_TOLD, []).append(told)


def _finished(config: pytest.Config, played: set[Any], recorded: list[str]) -> None:
    config.stash[_RECORDED] = recorded
    if not played or not config.pluginmanager.has_plugin("cacheprovider"):
        return  # who wants no .pytest_cache wants no folder of ours
    path = config.rootpath / PLAYED
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        (path.parent / ".gitignore").write_text("*\n")
        known = set(_known(path))
        lines = [json.dumps({"file": file, "interaction": number}) for file, number in sorted(known | played)]
        scratch = path.with_suffix(".tmp")
        scratch.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        scratch.replace(path)


def _known(path: Path) -> Iterator[tuple[str, int]]:
    """What earlier runs have played: one that runs a part of the tests must not make the rest look unused."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            row: Mapping[str, Any] = json.loads(line)
            yield str(row["file"]), int(row["interaction"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which tapes were recorded."""
    if recorded := config.stash.get(_RECORDED, []):
        terminalreporter.write_sep("-", "tokentape")
        for line in recorded:
            terminalreporter.write_line(line)
