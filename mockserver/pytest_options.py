"""The settings of the pytest plugin, as a command that is never run: configuration knows settings by their options.

So file, variables and `tokentape config` treat them as those of `serve` and `record`. Imports click and `options`.
"""

from __future__ import annotations

from typing import Any

import click

from mockserver import options as option

MODES = ("none", "once", "new_episodes", "all", "rewrite")

speed = click.option("--speed", type=option.FACTOR, default="max", show_default=True, help="Factor, or max.")
record = click.option("--record", type=click.Choice(MODES), default="none", show_default=True, help="What is recorded.")
strict = click.option("--strict", is_flag=True, help="A test fails if an interaction of its tapes was never played.")
guard = click.option("--guard", is_flag=True, help="A test fails if it contacts a provider's own host.")


@click.command("pytest")
@option.tapes
@option.match
@option.ignore
@option.normalize
@option.after_last
@speed
@option.ttft
@option.tps
@option.max_gap
@option.jitter
@option.seed
@record
@option.max_age
@strict
@guard
@option.upstream
@option.mapped
@option.providers_file
def pytest_settings(**_options: Any) -> None:
    """Never called: pytest is run by `pytest`."""
