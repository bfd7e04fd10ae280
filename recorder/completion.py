"""`tokentape completion`: the script by which a shell completes commands, options, tapes and providers.

The script is click's own; it asks the program with `_TOKENTAPE_COMPLETE` set. Imports click and `options`.
"""

from __future__ import annotations

import click

from recorder import options as option

SHELLS = ("bash", "zsh", "fish")
COMPLETION = option.examples(
    """
    tokentape completion fish > ~/.config/fish/completions/tokentape.fish
    eval "$(tokentape completion bash)"         in ~/.bashrc
    eval "$(tokentape completion zsh)"          in ~/.zshrc, after compinit
    """,
    "Print the completion script of a shell: commands, options, names of shipped tapes and of providers.",
)


@click.command("completion", help=COMPLETION)
@click.argument("shell", metavar="|".join(SHELLS), type=click.Choice(SHELLS))
@click.pass_context
def completion_command(ctx: click.Context, /, shell: str) -> None:
    """The script on stdout."""
    click.echo(script(shell, ctx.find_root().command))


def script(shell: str, program: click.Command) -> str:
    """The script for one of SHELLS. The shell itself need not be installed: it may be for another machine."""
    from click.shell_completion import ShellComplete, get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, shell
    return ShellComplete.source(kind(program, {}, "tokentape", "_TOKENTAPE_COMPLETE"))
