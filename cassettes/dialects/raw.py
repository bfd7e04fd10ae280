"""No grammar: any HTTP API, played byte for byte. Its paths are its own, its events carry no text that we know of."""

from __future__ import annotations

from dataclasses import dataclass

from cassettes.dialects.base import Dialect, at, last_user_text
from cassettes.dialects.delta import NOTHING, Delta
from cassettes.model import TokentapeError


@dataclass(frozen=True)
class Raw(Dialect):
    """Claims no path. Model and prompt are guessed from the usual keys: they only name files."""

    def prompt(self, body: object) -> str:
        guesses = (at(body, "prompt"), at(body, "input"), last_user_text(at(body, "messages")))
        return next((guess for guess in guesses if isinstance(guess, str) and guess), "")

    def delta(self, payload: object) -> Delta:  # noqa: ARG002 - nothing is known of the payload
        return NOTHING

    def envelope(self, status: int, message: str, code: str | None) -> object:
        return {"error": {"message": message, "status": status, "code": code}}

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:  # noqa: ARG002
        """Raises TokentapeError: there is no request to make without a grammar."""
        raise RawRequestError


class RawRequestError(TokentapeError):
    """`tokentape call` was asked to speak to an upstream of which no grammar is known."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(
            "the dialect raw has no request of its own; name a provider with a dialect, "
            "or record your client: tokentape record --upstream NAME=URL -o DIR"
        )


DIALECT = Raw(name="raw")
