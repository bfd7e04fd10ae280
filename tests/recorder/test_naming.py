"""What a new tape is called: readable, safe as a path, the same for the same request."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.naming import LONGEST, model_slug, slug, tape_name

KEY = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("provider", "model", "prompt", "name"),
    [
        (
            "openai",
            "gpt-5.1",
            "Say hello, please, to everybody here",
            "openai/gpt-5.1-say-hello-please-to-01234567.yaml",
        ),
        ("xai", "grok-4", "", "xai/grok-4-01234567.yaml"),
        ("google", None, "Hi", "google/hi-01234567.yaml"),
        ("anthropic", None, "", "anthropic/01234567.yaml"),
        ("openrouter", "vendor/Model:free", "x", "openrouter/vendor-Model-free-x-01234567.yaml"),
        ("my_bot", "..", "../../etc/passwd", "my-bot/etc-passwd-01234567.yaml"),
        ("..", ".hidden.", "", "unknown/hidden-01234567.yaml"),
        ("openai", "m", "안녕 하세요 세계", "openai/m-안녕-하세요-세계-01234567.yaml"),
        ("openai", "m", "Cafe\u0301 \u0130!", "openai/m-café-i\u0307-01234567.yaml"),
        ("openai", "m", "a\nb\tc d e", "openai/m-a-b-c-d-01234567.yaml"),
    ],
)
def test_names(provider, model, prompt, name):
    assert tape_name(provider, model, prompt, KEY) == name


def test_a_prompt_may_be_a_book():
    assert tape_name("p", "m", "word" * 1_000_000, KEY) == f"p/m-{'word' * 8}-01234567.yaml"
    assert tape_name("p", "m", " " * 1_000_000 + "late", KEY) == "p/m-01234567.yaml"


@pytest.mark.parametrize(
    ("text", "expected"), [("", ""), ("--a--", "a"), ("A_b c", "a-b-c"), ("\udcff", ""), ("a" * 99, "a" * LONGEST)]
)
def test_slugs(text, expected):
    assert slug(text) == expected


def test_a_slug_that_is_cut_does_not_end_in_a_dash():
    assert slug("abc def", 4) == "abc"


def test_models_keep_dots_and_case():
    assert model_slug("Qwen/Qwen3-8B.Instruct") == "Qwen-Qwen3-8B.Instruct"
    assert len(model_slug("m" * 500)) == LONGEST


@given(st.text(max_size=60), st.none() | st.text(max_size=80), st.text(max_size=80))
def test_no_name_leaves_its_folder_or_breaks_a_file_system(provider, model, prompt):
    folder, name = tape_name(provider, model, prompt, KEY).split("/")
    assert folder not in {"", ".", ".."}
    assert not name.startswith(".")
    assert name.endswith("01234567.yaml")
    assert not re.search(r"[\x00-\x1f\\/:*?\"<>|\ud800-\udfff]", folder + name)
    assert len(folder.encode()) <= 255
    assert len(name.encode()) <= 255
