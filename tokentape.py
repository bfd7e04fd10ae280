"""The face of tokentape: its public names and its command line.

Here live the table of commands, `main()` and the only place where recorder and mockserver meet (`Composition`). No work
on tapes lives here. Imports click and the standard library; our packages, and all that they need, load when a command
or a public name is asked for, after a check that they are ours: their names are generic, and a user's `recorder.py`
beside a script would stand in front of them.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from cassettes.model import CassetteError, TokentapeError
    from cassettes.synth import synth
    from mockserver.embed import Serving, serve
    from mockserver.mock import Mock

    __version__: str

__all__ = ["CassetteError", "Mock", "TokentapeError", "__version__", "main", "record", "serve", "synth"]

PACKAGES = ("cassettes", "recorder", "mockserver")
PUBLIC = {
    "CassetteError": "cassettes.model",
    "TokentapeError": "cassettes.model",
    "Mock": "mockserver.mock",
    "serve": "mockserver.embed",
    "synth": "cassettes.synth",
}
"""What is imported at first use."""


class Entry(NamedTuple):
    """A command NAME: `NAME_command` in the module `home`. `wraps`: `-- CMD` behind it is its own."""

    section: str
    home: str
    help: str
    wraps: bool = False


COMMANDS = {
    "record": Entry("Record", "recorder.commands", "Forward to providers and keep every answer.", wraps=True),
    "call": Entry("Record", "recorder.commands", "Send one prompt and keep the answer."),
    "recover": Entry("Record", "recorder.commands", "Make tapes of what a killed recorder left."),
    "serve": Entry("Play", "mockserver.commands", "Play tapes from a local server.", wraps=True),
    "sweep": Entry("Play", "mockserver.sweep_commands", "Cut a stream at every place and see who notices.", wraps=True),
    "providers": Entry("Play", "mockserver.provider_commands", "List the providers and their base URLs."),
    "env": Entry("Play", "mockserver.provider_commands", "Print the variables that point SDKs at a server."),
    "faults": Entry("Play", "mockserver.fault_commands", "List the ways to break a stream."),
    "cases": Entry("Play", "mockserver.case_commands", "List what is known to break clients."),
    "list": Entry("Tapes", "recorder.tape_commands", "List tapes and what is on them."),
    "show": Entry("Tapes", "recorder.tape_commands", "Show head, timeline, text and ending of a tape."),
    "verify": Entry("Tapes", "recorder.tape_commands", "Play a tape and compare bytes and gaps."),
    "check": Entry("Tapes", "recorder.check_commands", "Hold tapes against grammar, secrets and age, for CI."),
    "edit": Entry("Tapes", "recorder.tape_commands", "Repair a tape that was edited by hand."),
    "prune": Entry("Tapes", "recorder.upkeep_commands", "Drop what no run of the tests has played."),
    "import": Entry("Tapes", "recorder.tape_commands", "Make tapes of other tools' recordings."),
    "convert": Entry("Tapes", "recorder.transpose_commands", "Make the same conversation in another dialect."),
    "synth": Entry("Tapes", "recorder.synth_commands", "Make a tape of an answer that nobody recorded."),
    "schema": Entry("Tapes", "recorder.tape_commands", "Print a JSON Schema for editors."),
    "config": Entry("About", "recorder.settings", "Show every setting and where it comes from."),
    "init": Entry("About", "recorder.upkeep_commands", "Set up a project: git, formatters, settings."),
    "completion": Entry("About", "recorder.completion", "Print the completion script of a shell."),
    "demo": Entry("About", "recorder.demo", "Record and replay a stream: no key, no network."),
    "doctor": Entry("About", "recorder.tape_commands", "Check this installation and its surroundings."),
}
EXAMPLES = (
    ("tokentape demo", "see it work"),
    ("tokentape serve", "the shipped tapes on http://127.0.0.1:7357"),
    ("tokentape record -o tapes -- pytest tests/", "run a command and keep every answer it gets"),
    ("tokentape serve tapes -- pytest tests/", "run it again without a network"),
)
EXIT_CODES = (
    ("0", "all is well; also serve and record ended by SIGINT or SIGTERM"),
    ("1", "the tested thing is wrong, or a write failed"),
    ("2", "usage: unknown command or option, port in use, unknown provider or upstream name"),
    ("3", "a cassette, scenario or configuration is missing or invalid"),
    ("4", "no tape matched in strict mode"),
    ("5", "the upstream failed in call, or no request came from record -- CMD or sweep"),
    ("130", "interrupted; a wrapped command's own status wins when it is not 0"),
)


class Composition:
    """`ctx.obj["compose"]`: what one package is handed of the other, loaded when asked for."""

    @cached_property
    def forwarding(self) -> ModuleType:
        """The mock server that forwards its misses, for `record`."""
        import_module("mockserver.lean").load_aiohttp()
        return import_module("mockserver.forwarding")

    def configured(self) -> dict[str, click.Command]:
        """The commands that have a table of their own in a configuration file, and one that stands for the plugin."""
        plugin: click.Command = import_module("mockserver.pytest_options").pytest_settings
        return {"serve": _load("serve"), "record": _load("record"), "pytest": plugin}

    def rig(self, flags: Mapping[str, Any], root: Path, environ: Mapping[str, str]) -> Any:
        """The server of a test session in `root`, for the pytest plugin; `flags` are those that were given. Raises
        TokentapeError for settings that cannot be used."""
        made, standby = import_module("mockserver.rig"), self.standby
        of, table = import_module("recorder.settings").settings_of, self.configured()["pytest"]
        found = of("pytest", table, self.configured, environ, root).found
        values = {key: setting.value for key, setting in found.items()}
        if file := values.pop("providers", None):
            providers = import_module("cassettes.providers")
            providers.extend(providers.read(Path(file)))
        settings = made.settings_of(values, flags)
        upstreams = import_module("recorder.outgoing").upstreams_of(
            values.get("upstream", ()), environ if settings.records else None, settings.mapped
        )

        def record(place: Path, mode: str, rules: Any, house: Any) -> Any:
            return standby.episode(
                place,
                mode,
                one_file=True,
                upstreams=upstreams,
                environ=environ,
                redactor=house.redactor,
                rules=rules,
                report=house.said.append,
            )

        return made.Rig(settings._replace(upstreams=upstreams), root, record)

    @cached_property
    def scenarios(self) -> ModuleType:
        """What a scenario's file looks like, for `schema`."""
        return import_module("mockserver.scenario_schema")

    @cached_property
    def standby(self) -> ModuleType:
        """The recorder that takes misses, for `serve --on-miss record`."""
        return import_module("recorder.standby")


class Commands(click.Group):
    """The lazy group: help and completion read the table, a command's module is imported when the command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:  # completion asks, nobody to tell
                return None
            from difflib import get_close_matches  # a tenth of what --help takes

            near = get_close_matches(cmd_name, COMMANDS, n=1, cutoff=0.5)
            ctx.fail(f"there is no command {cmd_name!r}" + (f": did you mean {near[0]!r}?" if near else ""))
        if hidden := hidden_package():
            raise click.ClickException(hidden)
        return _load(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, its defaults from file and variables laid ready. Its help is the same wherever one stands."""
        name, command, rest = super().resolve_command(ctx, args)
        if name and command and not ctx.resilient_parsing and not {"-h", "--help"} & set(rest):
            settings = import_module("recorder.settings")
            configured = ctx.obj["compose"].configured
            ctx.default_map = {name: settings.defaults(name, command, configured, os.environ)}
        return name, command, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        found = [CompletionItem(n, help=entry.help) for n, entry in COMMANDS.items() if n.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write(formatter, "Examples", EXAMPLES)
        for title in dict.fromkeys(entry.section for entry in COMMANDS.values()):
            _write(formatter, title, [(n, entry.help) for n, entry in COMMANDS.items() if entry.section == title])
        click.Command.format_options(self, ctx, formatter)
        _write(formatter, "Exit codes", EXIT_CODES)


def _load(name: str) -> click.Command:
    command: click.Command = getattr(import_module(COMMANDS[name].home), f"{name}_command")
    return command


def _write(formatter: click.HelpFormatter, title: str, rows: Sequence[tuple[str, str]]) -> None:
    with formatter.section(title):
        formatter.write_dl(rows, col_max=48)


def _versions(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        python = ".".join(map(str, sys.version_info[:3]))
        click.echo(f"tokentape {_version('tokentape')}, Python {python}, aiohttp {_version('aiohttp')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_versions, help="Show versions.")
def _commands() -> None:
    """Record the streams that LLM providers send, byte for byte and with their timing, and play them back."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the process's own) and return its exit status (`EXIT_CODES`).

    A command ends with a status by `ctx.exit(n)` or by returning an int, and tells a mistake by raising TokentapeError;
    an OSError that nobody met is one line too. Anything else is our bug and keeps its traceback.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # header bytes above 0x7F are surrogates in a tape's text
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = _run(list(sys.argv[1:] if argv is None else argv))
        _flush_stdout()
    except BrokenPipeError:  # the reader has left, as `| head` does
        with contextlib.suppress(OSError):
            _flush_stdout()
        return 1
    except (KeyboardInterrupt, click.Abort):
        return 130
    except click.ClickException as error:
        return _complain_usage(error)
    except Exception as error:
        from cassettes.model import TokentapeError

        if not isinstance(error, (TokentapeError, OSError)):
            raise
        return _complain(str(error), error.exit_code if isinstance(error, TokentapeError) else 1)
    return status


def _run(argv: list[str]) -> int:
    argv, wrapped = split_wrapped(argv)
    context = {"command": wrapped, "compose": Composition()}
    color = False if os.environ.get("NO_COLOR") else None
    result = _commands.main(argv or ["--help"], "tokentape", standalone_mode=False, obj=context, color=color)
    return result if type(result) is int else 0


def record(
    folder: str | os.PathLike[str],
    *,
    mode: str = "once",
    one_file: bool = False,
    upstream: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    normalize: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 0,
) -> Serving:
    """A server for a `with` block that forwards to the providers and keeps every answer in `folder`, or (`one_file`) in
    the file of that name; what is there already plays as `mode` says: none, once, new_episodes, all, rewrite.

    `upstream`: base URLs by provider or new mount, before those of the base-URL variables; `ignore` and `normalize`: as
    of `tokentape record`. Leaving the block waits for what is under way to be kept. Raises TokentapeError.
    """
    if hidden := hidden_package():
        raise ImportError(hidden)
    modes = ("none", "once", "new_episodes", "all", "rewrite")
    if mode not in modes:
        raise ValueError(f"mode: found {mode!r}, expected one of {', '.join(modes)}")
    embed, standby = import_module("mockserver.embed"), import_module("recorder.standby")
    rules = import_module("cassettes.normalise").rules_of(ignore, normalize)
    named = [f"{name}={url}" for name, url in (upstream or {}).items()]
    upstreams = import_module("recorder.outgoing").upstreams_of(named, os.environ)

    def episode(redactor: Any, report: Any) -> Any:
        return standby.episode(
            Path(folder),
            mode,
            one_file=one_file,
            upstreams=upstreams,
            environ=dict(os.environ),
            redactor=redactor,
            rules=rules,
            report=report,
        )

    serving: Serving = embed.recording(episode, upstreams=upstreams, rules=rules, host=host, port=port)
    return serving


def split_wrapped(argv: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """Cut `-- CMD…` off the arguments of a command that wraps one: (what click sees, the wrapped command or None).

    For any other command `--` stays the end of the options. Raises click.UsageError when nothing follows it.
    """
    at = argv.index("--") if "--" in argv else 0
    entry = COMMANDS.get(next((word for word in argv[:at] if not word.startswith("-")), ""))
    if entry is None or not entry.wraps:
        return argv, None
    if not argv[at + 1 :]:
        raise click.UsageError("nothing follows `--`: expected a command to run, such as `-- pytest tests/`")
    return argv[:at], tuple(argv[at + 1 :])


def hidden_package() -> str | None:
    """One line naming the file that stands in front of one of our packages, or None. Imports none of them."""
    home = Path(__file__).parent.resolve()
    for name in PACKAGES:
        loaded = sys.modules.get(name)
        origin = getattr(loaded, "__file__", None) if loaded else getattr(find_spec(name), "origin", None)
        if origin is None:
            return f"the package {name!r} is not beside {__file__}: install tokentape again"
        if Path(origin).parent.parent.resolve() != home or Path(origin).name != "__init__.py":
            return f"{origin} hides tokentape's own package {name!r} (in {home}): rename it or work in another folder"
    return None


def _complain_usage(error: click.ClickException) -> int:
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # a page, not a line; click >= 8.2
        error.show()
        return error.exit_code
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    message = error.format_message().replace(":\n\t", ": ").replace(",\n\t", ", ")  # click lists choices in lines
    message = message.replace("a valid integer range", "a whole number").replace("a valid integer", "a whole number")
    return _complain(message.rstrip(".") + hint, error.exit_code)


def _complain(message: str, status: int) -> int:
    """Print one line, its control, ANSI and bidirectional characters escaped."""
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in message)
    click.echo(f"tokentape: error: {shown}", err=True)
    return status


def _flush_stdout() -> None:
    """Meet a reader that left or a full disk here: the interpreter's own last flush would print a traceback."""
    try:
        click.echo(nl=False)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    with contextlib.suppress(PackageNotFoundError):
        return version(distribution)
    return "0+unknown"


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version("tokentape")
    if name not in PUBLIC:
        raise AttributeError(f"module 'tokentape' has no attribute {name!r}")
    if hidden := hidden_package():
        raise ImportError(hidden)
    return getattr(import_module(PUBLIC[name]), name)


if __name__ == "__main__":
    sys.exit(main())
