"""Spool files become tapes: one thread beside the event loop, so that no stream waits for a disk.

What waits is written in one go per file: a file of many recordings is not written again for each of them. Imports
`cassettes` and this package.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from cassettes.model import Interaction, TokentapeError
from cassettes.printable import count
from cassettes.redact import Redactor
from recorder.filing import Filing, last_scan
from recorder.spool import Spool, read

AT_ONCE = 64
"""Recordings that are held in memory to be written in one go."""
LEFT = "a secret was left in the recording; it is masked now, and the tape says `source: edited`"

Result = TypeVar("Result")


class Finished(NamedTuple):
    """A recording that is over and waits for its tape."""

    spool: Spool
    redactor: Redactor


class Scanned(NamedTuple):
    """A finished recording as it goes to its file; `masked`: the last scan found a secret in it."""

    spool: Spool
    interaction: Interaction
    masked: bool


class Told(NamedTuple):
    """A line about a recording, and whether it says that something went wrong."""

    line: str
    failed: bool = False


class Saving:
    """Makes tapes of finished spools. `report` is told a line for each tape and each failure.

    `failures` counts what was not kept as it came: no tape, or a secret that only the last scan found. `latest` is the
    tape that was written last.
    """

    def __init__(self, filing: Filing, report: Callable[[str], None]) -> None:
        self._filing = filing
        self._report = report
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokentape-save")
        self._waiting: list[Finished] = []
        self._writing: asyncio.Task[None] | None = None
        self.failures = 0
        self.latest: Path | None = None

    async def beside(self, work: Callable[[], Result]) -> Result:
        """Runs `work` in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def save(self, finished: Finished) -> None:
        """Returns when the tape is written, or the reason why it is not was reported."""
        self._waiting.append(finished)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_waiting())
        await asyncio.shield(self._writing)

    def close(self) -> None:
        """Ends the thread once it has nothing to do."""
        self._thread.shutdown()

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            for told in await self.beside(partial(self._write, batch)):
                self.failures += told.failed
                self._report(told.line)

    # -- in the thread ------------------------------------------------------------------------------------------

    def _write(self, batch: Sequence[Finished]) -> list[Told]:
        told: list[Told] = []
        by_file: dict[Path, list[Scanned]] = defaultdict(list)
        for finished in batch:
            if finished.spool.broken:
                told.append(self._kept(finished.spool, TokentapeError("the disk refused a write")))
                continue
            try:
                taken = read(finished.spool.path)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not take the others along
                told.append(self._kept(finished.spool, error, readable=False))
                continue
            try:
                interaction, masked = last_scan(taken.interaction, finished.redactor)
                by_file[self._filing.path_of(interaction)].append(Scanned(finished.spool, interaction, masked))
            except Exception as error:  # noqa: BLE001 - as above
                told.append(self._kept(finished.spool, error))
        for path, group in by_file.items():
            told += self._file(path, group)
        return told

    def _file(self, path: Path, group: Sequence[Scanned]) -> list[Told]:
        """Writes a group in one go; where that fails, one by one, so that one that cannot be written stands alone."""
        try:
            self._filing.save(path, [one.interaction for one in group])
        except Exception as error:  # noqa: BLE001 - as above
            if len(group) == 1:
                return [self._kept(group[0].spool, error)]
            return [line for one in group for line in self._file(path, [one])]
        return [line for one in group for line in self._filed(path, one)]

    def _filed(self, path: Path, one: Scanned) -> list[Told]:
        one.spool.remove()
        self.latest = path
        response = one.interaction.response
        chunks = count(len(response.stream.chunks), "chunk", grouped=False)
        what = f"{response.code}, {chunks}, {count(len(response.body), 'byte', grouped=False)}"
        lines = [Told(f"tokentape: recorded {path}: {what}, {response.stream.end.type}")]
        if one.masked:
            lines.append(Told(f"tokentape: error: {path}: {LEFT}", failed=True))
        return lines

    def _kept(self, spool: Spool, error: Exception, *, readable: bool = True) -> Told:
        """Why there is no tape, and what is left of the recording: nothing is promised that is not there."""
        spool.close()
        known = isinstance(error, (TokentapeError, OSError))
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        if not spool.path.is_file():
            left = "its spool file is gone too, and the recording with it"
        elif readable:
            fix = f"`tokentape recover {self._filing.folder}` makes a tape of it"
            left = f"what had arrived is kept in {spool.path}: {fix}"
        else:
            left = f"what had arrived is kept in {spool.path}"
        return Told(f"tokentape: error: no tape written ({reason}); {left}", failed=True)
