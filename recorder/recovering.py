"""`tokentape recover`: tapes of what a killed recorder left in its spool. Imports `cassettes` and this package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cassettes.model import Interaction, TokentapeError
from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_env
from cassettes.store import FolderStore
from recorder.filing import Filing, last_scan
from recorder.printing import complain, print_json, say
from recorder.saving import LEFT
from recorder.session import interactions_of
from recorder.spool import FOLDER, Meta, orphans, read, tidy


class RecoverError(TokentapeError):
    """There is nothing that could hold a spool, or a spool file that says to write elsewhere."""

    exit_code = 3


def recover(folder: Path, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Makes tapes of what the spool of `folder` holds and prints a line for each.

    Returns 1 when something could not be made a tape, or held a secret. Raises RecoverError, CassetteError.
    """
    if not folder.is_dir():
        raise RecoverError(f"{folder} is no folder; expected the one that `tokentape record -o` was given")
    redactor = Redactor(secrets_from_env(environ))
    store = FolderStore((folder,))
    store.refresh()  # what cannot be read is no tape to add to, and no reason to leave a recording in its spool
    filing = Filing(folder, "new_episodes", None, interactions_of(store))
    rows: list[dict[str, Any]] = []
    failed = 0
    for path in orphans(folder):
        try:
            row = _recovered(path, filing, redactor)
        except (TokentapeError, OSError) as error:
            failed += 1
            complain(error if str(path) in str(error) else f"{path}: {error}")
            continue
        failed += row["masked"]
        rows.append(row)
        if not as_json:
            print(_line(row))  # noqa: T201 - data on stdout
    if as_json:
        print_json(rows)
    elif not rows and not failed:
        say(f"tokentape: nothing to recover in {folder / FOLDER}")
    tidy(folder)  # what is live or damaged stays
    return 1 if failed else 0


def _recovered(path: Path, filing: Filing, redactor: Redactor) -> dict[str, Any]:
    taken = read(path)
    interaction, masked = last_scan(taken.interaction, redactor)
    target = _target(taken.meta, interaction, filing)
    filing.save(target, [interaction])
    path.unlink()
    if masked:
        complain(f"{target}: {LEFT}")
    response = interaction.response
    return {
        "tape": str(target),
        "bytes": len(response.body),
        "chunks": len(response.stream.chunks),
        "ending": response.stream.end.type,
        "masked": masked,
    }


def _target(meta: Meta, interaction: Interaction, filing: Filing) -> Path:
    """Where the recorder would have put it. A spool file is input: it does not lead out of the folder."""
    if not meta.file:
        return filing.path_of(interaction)
    target = filing.folder / meta.file
    if not target.resolve().is_relative_to(filing.folder.resolve()):
        raise RecoverError(f"it says to write to {target}, which is not in {filing.folder}; expected a name in it")
    return target


def _line(row: Mapping[str, Any]) -> str:
    from cassettes.printable import count, escape

    held = f"{count(row['bytes'], 'byte', grouped=False)} in {count(row['chunks'], 'chunk', grouped=False)}"
    return f"{escape(row['tape'])}: {held}, {row['ending']}"
