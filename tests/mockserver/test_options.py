"""The options of `serve`: what they read, and that a mistake names the option."""

from __future__ import annotations

import click
import pytest

from cassettes.durations import duration
from mockserver import options
from mockserver.commands import serve_command
from mockserver.options import Written


def test_a_mistake_names_the_option_and_what_was_expected() -> None:
    @click.command()
    @options.ttft
    def command(ttft: float) -> float:
        return ttft

    assert command.main(["--ttft", "1.5s"], standalone_mode=False) == 1500.0
    with pytest.raises(click.BadParameter) as caught:
        command.main(["--ttft", "soon"], standalone_mode=False)
    assert caught.value.format_message().startswith("Invalid value for '--ttft': 'soon' is not a duration; expected")


def test_what_is_read_already_stays() -> None:
    assert Written("duration", duration).convert(7.0, None, None) == 7.0


def test_every_option_is_one_of_serves() -> None:
    declared = {
        parameter.name
        for name in vars(options)
        if name.islower() and callable(decorate := getattr(options, name)) and not isinstance(decorate, type)
        if (parameter := parameter_of(decorate)) is not None
    }
    assert declared == {parameter.name for parameter in serve_command.params}


def parameter_of(decorate: object) -> click.Parameter | None:
    """The parameter that a decorator adds; None if it is no decorator of click's."""

    def body() -> None: ...

    if not callable(decorate) or getattr(decorate, "__module__", "") != "click.decorators":
        return None
    decorate(body)
    parameters: list[click.Parameter] = getattr(body, "__click_params__", [])
    return parameters[0] if parameters else None
