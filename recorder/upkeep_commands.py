"""The commands that look after a project's tapes: prune, init. Both show what they would do; `--write` does it.

click here, no sockets. Imports what a command needs when it runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from recorder import options as option

PRUNE = option.examples(
    """
    tokentape prune                        tapes beside those that were played
    tokentape prune tests/cassettes        all tapes below a folder
    tokentape prune tests/cassettes --write
    """,
    "Drop interactions that no run has played. Runs of pytest note what they play in .tokentape/played.jsonl; run all "
    "tests first. Nothing is written without --write.",
)
INIT = option.examples(
    """
    tokentape init             shows what it would write
    tokentape init --write
    """,
    "Set up the project in this folder: tapes stay as they are in git (.gitattributes) and are shown as text in a "
    "diff, formatters leave them alone, settings have their section. Lines that are there stay.",
)


@click.command("prune", help=PRUNE)
@option.tapes
@option.played_file
@option.write
@option.as_json
def prune_command(tapes: tuple[Path, ...], played_file: Path, write: bool, as_json: bool) -> None:
    """A line for each tape with interactions that were never played."""
    from cassettes.model import CassetteError
    from cassettes.printable import escape
    from cassettes.store import nearest_path
    from recorder.printing import print_json, say
    from recorder.pruning import drop, played, unused

    missing = next((one for one in tapes if not one.exists()), None)
    if missing is not None:
        near = nearest_path(str(missing))
        meant = f"; did you mean {near}?" if near else ", expected tapes"
        raise CassetteError(f"there is no such file or folder{meant}", str(missing))
    here, known = Path.cwd(), played(played_file)
    found = [
        one._replace(file=one.file.relative_to(here) if one.file.is_relative_to(here) else one.file)
        for one in unused(known, tapes, played_file.stat().st_mtime)
    ]
    for one in found:
        if write and not one.changed:
            drop(one)
    if as_json:
        rows = [{**one._asdict(), "file": str(one.file), "written": write and not one.changed} for one in found]
        print_json([{**row, "whole": one.whole} for row, one in zip(rows, found, strict=True)])
        return
    for one in found:
        click.echo(escape(f"{one.file}: {one.told}"))
    if not found:
        say("tokentape: everything was played")
    elif not write:
        say("tokentape: nothing was written; --write does it")


@click.command("init", help=INIT)
@option.write
@option.as_json
@click.pass_context
def init_command(ctx: click.Context, /, write: bool, as_json: bool) -> None:
    """A diff of what would be written. Exit status 1 where git could not be told."""
    from recorder.beginning import changes
    from recorder.printing import print_json, say
    from recorder.project import Project

    project = Project(Path())
    found = changes(project.files(), tests_there=project.has_tests_among_tapes())
    driver = project.driver_missing()
    if as_json:
        rows = [{"file": one.file, "new": one.old is None, "changes": one.changes, "note": one.note} for one in found]
        print_json({"files": rows, "git_driver": driver, "written": write})
    else:
        project.show(found, driver=driver)
    if write:
        ctx.exit(0 if project.write(found, driver=driver) else 1)
    if any(one.changes for one in found) or driver:
        say("tokentape: nothing was written; --write does it")
    else:
        say("tokentape: all is set up")
