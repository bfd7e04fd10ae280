"""The grammar of Gemini's streamGenerateContent, as events and as a JSON array. Data only; imports `table`."""

from __future__ import annotations

from typing import Final

from cassettes.grammar.table import NOTHING, Grammar, Kind, Machine, Move, Quirk, Steady, Variants, When

_SDK: Final = "python-genai 3.3, type GenerateContentResponse"
_SEEN: Final = "recordings of generativelanguage.googleapis.com and aiplatform.googleapis.com"
_FINISHED: Final = (
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
    "MODEL_ARMOR",
    "ESCALATION",
    "CONTINUATION",
)
_PART: Final = "candidates[].content.parts[]"


def _of_candidate(symbol: str, when: When) -> Move:
    return Move(machine="candidate", symbol=symbol, each="candidates[]", key=("index",), when=when)


GRAMMAR: Final = Grammar(
    dialect="gemini",
    title="Gemini streamGenerateContent",
    source=_SDK,
    type_key="",
    envelope={"error.code": "integer", "error.message": "string", "error.status": "string"},
    names="none",
    natives=("google", "vertex"),
    kinds=(
        Kind(
            name="error",
            when=When(filled=("error",)),
            needs={"error": "object", "error.code": "integer", "error.message": "string", "error.status": "string"},
            may={"error.details": "list"},
            moves=(Move(machine="answer", symbol="error"),),
        ),
        Kind(
            name="chunk",
            when=When(filled=("candidates", "promptFeedback", "usageMetadata")),
            needs={"usageMetadata": "object", "modelVersion": "string", "responseId": "string"},
            may={
                "candidates": "list",
                "candidates[].content": "object",
                "candidates[].index": "integer",
                "candidates[].finishReason": "string",
                "candidates[].finishMessage": "string",
                "candidates[].safetyRatings": "list",
                "candidates[].citationMetadata": "object",
                "candidates[].groundingMetadata": "object",
                "candidates[].urlContextMetadata": "object",
                "candidates[].avgLogprobs": "number",
                "candidates[].logprobsResult": "object",
                "candidates[].tokenCount": "integer",
                "candidates[].continuationToken": "string",
                "candidates[].content.parts": "list",
                "candidates[].content.role": "string",
                f"{_PART}.text": "string",
                f"{_PART}.thought": "boolean",
                f"{_PART}.thoughtSignature": "string",
                f"{_PART}.functionCall": "object",
                f"{_PART}.functionResponse": "object",
                f"{_PART}.inlineData": "object",
                f"{_PART}.fileData": "object",
                f"{_PART}.executableCode": "object",
                f"{_PART}.codeExecutionResult": "object",
                f"{_PART}.toolCall": "object",
                f"{_PART}.toolResponse": "object",
                f"{_PART}.videoMetadata": "object",
                f"{_PART}.mediaResolution": "object",
                f"{_PART}.partMetadata": "object",
                "promptFeedback": "object",
                "promptFeedback.blockReason": "string",
                "promptFeedback.blockReasonMessage": "string",
                "promptFeedback.safetyRatings": "list",
                "createTime": "string",
                "automaticFunctionCallingHistory": "list",
                "modelStatus": "object",
            },
            moves=(
                Move(machine="answer", symbol="chunk", when=When(filled=("candidates",))),
                Move(
                    machine="answer",
                    symbol="blocked",
                    when=When(filled=("promptFeedback.blockReason",), empty=("candidates",)),
                ),
                Move(
                    machine="answer",
                    symbol="note",
                    when=When(empty=("candidates", "promptFeedback.blockReason")),
                ),
                _of_candidate("says", When(empty=("finishReason",))),
                _of_candidate("finish", When(filled=("finishReason",))),
            ),
        ),
    ),
    machines=(
        Machine(
            name="answer",
            what="an answer",
            start="begin",
            steps={
                "begin": {"chunk": "open", "note": "begin", "blocked": "blocked", "error": "failed"},
                "open": {"chunk": "open", "note": "open", "blocked": "blocked", "error": "failed"},
                "blocked": {"note": "blocked"},
                "failed": {},
            },
            ends=("open", "blocked", "failed"),
            source=_SEEN,
        ),
        Machine(
            name="candidate",
            what="a candidate",
            start="begin",
            steps={
                "begin": {"says": "open", "finish": "finished"},
                "open": {"says": "open", "finish": "finished"},
                "finished": {},
            },
            ends=("finished",),
            source=_SEEN,
        ),
    ),
    variants=(
        Variants(kinds=("chunk",), place="candidates[].finishReason", rows=dict.fromkeys(_FINISHED, NOTHING)),
        Variants(
            kinds=("chunk",),
            place="promptFeedback.blockReason",
            rows=dict.fromkeys(
                (
                    "SAFETY",
                    "OTHER",
                    "BLOCKLIST",
                    "PROHIBITED_CONTENT",
                    "IMAGE_SAFETY",
                    "MODEL_ARMOR",
                    "JAILBREAK",
                ),
                NOTHING,
            ),
        ),
    ),
    steady=(Steady("response-id", "responseId", _SEEN), Steady("model", "modelVersion", _SEEN)),
    quirks=(Quirk(("gateway", "mirascope-router"), "their recordings are as Google's own"),),
)
"""The table."""
