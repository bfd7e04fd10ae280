"""A recorder that stands by a server that plays: what no tape answers is forwarded and recorded (`--on-miss record`).

It records as `record --record-mode new_episodes` does; an `Episode` in any mode, for a server in the process of its
clients. The server is not known here: `tokentape.py` hands this module to what runs it. Imports `cassettes` and this
package.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from cassettes import providers
from cassettes.matching import Asked
from cassettes.normalise import Rules
from cassettes.redact import Redactor
from cassettes.store import FolderStore
from recorder.filing import Filing, RecordMode
from recorder.leaving import Live
from recorder.outgoing import upstreams_of
from recorder.printing import say
from recorder.proxy import Clocks, Recorder, Settings
from recorder.recording import Downstream
from recorder.session import PLAYING, interactions_of, tapes_of, wall
from recorder.spool import left_behind

__all__ = ["Episode", "Standby", "episode", "left_behind", "stand_by"]


class Standby:
    """A recorder, where it writes and where it forwards to."""

    def __init__(self, recorder: Recorder, folder: Path, upstreams: Mapping[str, str]) -> None:
        self._recorder = recorder
        self.folder = folder
        self.upstreams = upstreams

    @property
    def failures(self) -> int:
        """Recordings that were not kept as they came."""
        return self._recorder.failures

    async def forward(self, asked: Asked, downstream: Downstream) -> Live:
        """As `Recorder.forward`."""
        return await self._recorder.forward(asked, downstream)

    async def drain(self) -> None:
        """As `Recorder.drain`."""
        await self._recorder.drain()

    async def close(self) -> None:
        """As `Recorder.close`."""
        await self._recorder.close()


def stand_by(
    folder: Path,
    upstreams: Iterable[str],
    mapped: Iterable[str],
    environ: Mapping[str, str],
    redactor: Redactor,
    rules: Rules,
    *,
    wraps: bool,
) -> Standby:
    """A recorder into `folder`. `upstreams` are those of `--upstream`, `mapped` those of `--map`; with `wraps` the
    base-URL variables of `environ` count too; `rules` are those by which tapes are found.

    Raises ProviderError, and CassetteError for a tape in `folder` that cannot be read.
    """
    named = upstreams_of(upstreams, environ if wraps else None, dict(providers.parse_mapping(text) for text in mapped))
    if note := left_behind(folder):
        say(f"tokentape: note: {note}")
    filing = Filing(folder, "new_episodes", None, interactions_of(tapes_of(folder)), rules)
    settings = Settings(upstreams=named, environ=environ)
    clocks = Clocks(time.monotonic, wall)
    return Standby(Recorder(filing, settings, redactor, clocks, lambda line: say(redactor.text(line))), folder, named)


class Episode(NamedTuple):
    """What one folder or file is to record, and what of it plays meanwhile.

    `standby`: None where nothing new is recorded; `plays`: the tapes that answer, None for none; `repeat`: the last
    interaction for a request answers for ever.
    """

    standby: Standby | None
    plays: FolderStore | None
    repeat: bool


def episode(
    place: Path,
    mode: RecordMode,
    *,
    one_file: bool,
    upstreams: Mapping[str, str],
    environ: Mapping[str, str],
    redactor: Redactor,
    rules: Rules,
    report: Callable[[str], None],
) -> Episode:
    """The recording of what a server has no tape for into `place`, a folder or (`one_file`) a file, in any record mode
    (DESIGN 5). `upstreams`: base URLs by mount, as `outgoing.upstreams_of` makes them; `report` is told one line for
    each tape and failure.

    Raises CassetteError for a tape in `place` that cannot be read, and where mode `none` finds none.
    """
    store = tapes_of(place)
    if mode == "none":
        store.load()
    plays = store if mode in PLAYING else None
    if mode == "none" or (mode == "once" and one_file and place.exists()):
        return Episode(None, plays, repeat=True)
    folder = place.parent if one_file else place
    filing = Filing(folder, mode, place if one_file else None, interactions_of(store), rules)
    recorder = Recorder(
        filing,
        Settings(upstreams=upstreams, environ=environ),
        redactor,
        Clocks(time.monotonic, wall),
        lambda line: report(redactor.text(line)),
    )
    return Episode(Standby(recorder, folder, upstreams), plays, repeat=mode != "new_episodes")
