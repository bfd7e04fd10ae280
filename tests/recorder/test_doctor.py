"""What `tokentape doctor` finds, on this machine and on others."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from cassettes.model import Request
from cassettes.shipped import shipped_names
from recorder import doctor
from recorder.spool import Spool, meta_of


def test_this_installation_has_no_error(tmp_path: Path) -> None:
    found = doctor.findings({}, tmp_path)
    assert [one for one in found if one.level == "error"] == []
    assert {"python", "aiohttp", "yaml loader", "timer", "cassettes", "keys", "shipped tapes"} <= {
        one.check for one in found
    }
    assert int(doctor.shipped_tapes().text) == len(shipped_names()) >= 5


def test_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.python((3, 11, 0), "linux") == ("python", "ok", "3.11.0 on linux")
    assert doctor.python((3, 10, 12), "linux").level == "error"

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", missing)
    assert doctor.distribution("aiohttp") == ("aiohttp", "error", "not installed; `pip install aiohttp`")
    assert doctor.event_loop().level == "note"
    assert doctor.certificates().level == "note"
    assert "tokentape[tls]" in doctor.certificates().text


def test_what_makes_it_less_exact_or_slow_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.timer("linux").level == "ok"
    assert doctor.timer("darwin").level == "note"
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert doctor.yaml_loader().level == "note"


@pytest.mark.parametrize(("limit", "level"), [(1024, "note"), (65536, "ok"), (-1, "ok")])
def test_open_files(limit: int, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (limit, limit))
    assert doctor.open_files().level == level


def test_open_files_on_a_system_that_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert doctor.open_files().level == "note"


def test_a_package_that_hides_ours_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert doctor.package("cassettes").level == "ok"
    hiding = ModuleType("mockserver")
    monkeypatch.setitem(sys.modules, "mockserver", hiding)
    hiding.__spec__ = None
    assert "something without a file hides ours" in doctor.package("mockserver").text
    hiding.__spec__ = importlib.util.spec_from_file_location("mockserver", tmp_path / "mockserver.py")
    assert str(tmp_path / "mockserver.py") in doctor.package("mockserver").text
    assert doctor.package("mockserver").level == "error"


def test_variables_are_named_without_their_values() -> None:
    environ = {
        "OPENAI_API_KEY": "hunter2",
        "XAI_BASE_URL": "http://user:hunter2@h",
        "HTTPS_PROXY": "http://user:hunter2@proxy",
    }
    found = {one.check: one for one in doctor.environment(environ)}
    assert "OPENAI_API_KEY set" in found["keys"].text
    assert found["base URLs"].level == found["proxies"].level == "note"
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("bypass", ["localhost", "*", "corp.example, 127.0.0.1"])
def test_a_proxy_with_loopback_left_out_is_fine(bypass: str) -> None:
    found = doctor.environment({"https_proxy": "http://proxy", "NO_PROXY": bypass})
    assert "proxies" not in {one.check for one in found}


def test_what_a_killed_recorder_left_is_a_note(tmp_path: Path) -> None:
    assert doctor.leftovers(tmp_path).level == "ok"
    tapes = tmp_path / "tapes"
    meta = meta_of(Request("GET", "http://h/"), file="", provider="p", dialect="raw", recorded_at="x")
    live = Spool(tapes, meta)
    assert doctor.leftovers(tmp_path).level == "ok"
    live.close()
    assert doctor.leftovers(tmp_path).text == f"1 left by a killed recorder: `tokentape recover {tapes}`"


def test_a_folder_that_cannot_be_written_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "is not writable" in doctor.leftovers(tmp_path).text
