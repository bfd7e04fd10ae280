"""`tokentape record`, `call` and `recover`: options in, tapes out. click here; the work is in the modules beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from recorder import options as option

RECORD = option.examples(
    """
    tokentape record -o tapes -- pytest tests/       base URLs set, the command run, its answers kept
    tokentape record -o tapes --port 7358            point your client at http://127.0.0.1:7358/openai/v1
    tokentape record -o tapes --upstream bot=https://bot.example/api
    """,
    "Forward requests to the providers and keep every answer as a tape. CMD runs with the base-URL variables of the "
    "SDKs set; its exit status is passed on.",
)
CALL = option.examples(
    """
    tokentape call openai "Say hello"
    tokentape call anthropic "Say hello" --model claude-sonnet-4-5 -o hello.yaml
    """,
    "Send one prompt, print the answer's text as it comes, keep the tape.",
)
RECOVER = option.examples(
    "tokentape recover tapes          makes tapes of what a killed recorder left in tapes/.tokentape-spool",
    "Make tapes of the recordings a killed recorder left behind in DIR.",
)


@click.command("record", help=RECORD, options_metavar="[OPTIONS] [-- CMD...]")
@option.output
@option.one_file
@option.record_mode
@option.ignore
@option.normalize
@option.upstream
@option.providers_file
@option.mapped
@option.host
@option.port
@option.ready_file
@option.on_client_close
@option.idle_timeout
@option.ending_drain
@option.cors
@option.keep_encoding
@option.tls
@option.cert
@option.key
@option.loop
@click.pass_context
def record_command(ctx: click.Context, /, **options: Any) -> None:
    """Runs the recorder; a wrapped command's status wins when it is not 0."""
    from recorder.session import record

    server = ctx.obj["compose"].forwarding
    with server.identified(options) as identity:
        status = record(options, ctx.obj["command"], server, dict(os.environ), identity)
    ctx.exit(status)


@click.command("call", help=CALL)
@option.provider
@option.prompt
@option.model
@option.tape_file
@option.base_url
@option.providers_file
@option.no_stream
@option.idle_timeout
@option.as_json
@click.pass_context
def call_command(ctx: click.Context, /, **options: Any) -> None:
    """Exit status 0 for a whole 2xx answer, else 5."""
    from recorder.call import call

    ctx.exit(call(options, dict(os.environ)))


@click.command("recover", help=RECOVER)
@click.argument("folder", metavar="DIR", type=option.PATH)
@option.as_json
@click.pass_context
def recover_command(ctx: click.Context, /, folder: Path, as_json: bool) -> None:
    """Exit status 1 when something is left that could not be made a tape."""
    from recorder.recovering import recover

    ctx.exit(recover(folder, dict(os.environ), as_json=as_json))
