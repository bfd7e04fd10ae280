"""The plugin's settings are settings like those of the commands: known to files, variables and `tokentape config`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mockserver.pytest_options import MODES, pytest_settings
from mockserver.wishes import DECK
from recorder.settings import parameters_of


def test_every_setting_of_a_deck_is_one_of_the_plugin():
    keys = parameters_of(pytest_settings)
    assert {name.replace("_", "-") for name in DECK} <= set(keys)
    assert {"tapes", "record", "strict", "guard", "ignore", "normalize", "upstream", "map", "providers"} <= set(keys)
    assert not {"fault", "scenario", "host", "port", "record-mode"} & set(keys)
    assert pytest_settings.callback() is None


def test_config_shows_them_and_where_they_come_from(tmp_path: Path):
    (tmp_path / "tokentape.toml").write_text('speed = 4\n[pytest]\nguard = true\nrecord = "once"\n')
    environ = {**os.environ, "TOKENTAPE_STRICT": "yes", "TOKENTAPE_CONFIG": str(tmp_path / "tokentape.toml")}
    command = [sys.executable, "-m", "tokentape", "config", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=True)
    rows = {row["name"]: row for row in json.loads(done.stdout)["settings"] if row["command"] == "pytest"}
    told = {
        name: (rows[name]["value"], rows[name]["source"]) for name in ("speed", "guard", "record", "strict", "ttft")
    }
    assert told == {
        "speed": ("4", "tokentape.toml:1"),
        "guard": (True, "tokentape.toml:3"),
        "record": ("once", "tokentape.toml:4"),
        "strict": (True, "TOKENTAPE_STRICT"),
        "ttft": (None, "default"),
    }
    assert rows["strict"]["variable"] == "TOKENTAPE_STRICT"
    (tmp_path / "tokentape.toml").write_text('[pytest]\nrecord = "sometimes"\n')
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert done.returncode == 3
    assert b"tokentape.toml:2: record: 'sometimes' is not one of " in done.stderr
    assert all(mode.encode() in done.stderr for mode in MODES)
