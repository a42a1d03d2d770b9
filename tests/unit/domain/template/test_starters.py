"""Starter templates: grouping of files, and versions."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.template.starters import Decision, SeedError, Starter, decide, precedence, starters_in


def metadata(version: object) -> bytes:
    return json.dumps({"subject": "Hello"} if version is None else {"subject": "Hello", "version": version}).encode()


def starter(version: object) -> Starter:
    return Starter("welcome", {}, metadata(version))


@pytest.mark.parametrize(
    ("packaged", "installed", "decision"),
    [
        ("1.0.0", "1.0.0", Decision.SKIP),
        ("1.0.1", "1.0.0", Decision.UPDATE),
        ("1.10.0", "1.9.0", Decision.UPDATE),
        ("2.0.0", "10.0.0", Decision.SKIP),
        ("1.0.0", "1.0.0-rc.1", Decision.UPDATE),
        ("1.0.0-rc.1", "1.0.0", Decision.SKIP),
        ("1.0.0+build.2", "1.0.0+build.1", Decision.SKIP),
        ("1.0.0", None, Decision.UPDATE),
        (None, None, Decision.SKIP),
        ("0.0.0", None, Decision.SKIP),
    ],
)
def test_a_starter_replaces_only_lower_versions(packaged: object, installed: object, decision: Decision) -> None:
    assert decide(starter(packaged), metadata(installed)) is decision


def test_a_missing_starter_is_installed() -> None:
    assert decide(starter("1.0.0"), None) is Decision.INSTALL


@pytest.mark.parametrize("installed", [b"", b"{", b"[]", b"\xff", metadata("1.0"), metadata("latest"), metadata(2)])
def test_metadata_that_cannot_be_compared_is_not_replaced(installed: bytes) -> None:
    assert decide(starter("9.0.0"), installed) is Decision.SKIP


def test_precedence_follows_the_example_of_semver() -> None:
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "2.0.0",
        "2.1.0",
        "2.1.1",
    ]
    assert all(precedence(low) < precedence(high) for low, high in pairwise(ordered))


@pytest.mark.parametrize(
    "version", ["", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-01", "v1.0.0", "1.0.0-", "1.0.0 ", "١.0.0"]
)
def test_an_invalid_version_has_no_precedence(version: str) -> None:
    with pytest.raises(ValueError, match="not a semantic version"):
        precedence(version)


@given(st.tuples(*[st.integers(0, 99)] * 3), st.tuples(*[st.integers(0, 99)] * 3))
def test_versions_compare_by_their_numbers(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    def text(version: tuple[int, int, int]) -> str:
        return ".".join(map(str, version))

    assert (precedence(text(one)) < precedence(text(other))) == (one < other)


def test_files_are_grouped_into_starters_with_their_localised_bodies() -> None:
    files = {
        "templates/welcome/template.txt": b"text",
        "templates/welcome/template.html": b"html",
        "templates/welcome/template.fr-CA.html": b"bonjour",
        "templates/welcome/metadata.json": metadata("1.2.3"),
        "templates/welcome/notes.md": b"",
        "templates/../secret/template.html": b"",
        "README.md": b"",
    }
    (found,) = starters_in(files)
    assert (found.name, found.version) == ("welcome", "1.2.3")
    assert found.bodies == {"template.html": b"html", "template.txt": b"text", "template.fr-CA.html": b"bonjour"}


def test_an_incomplete_starter_is_an_error_that_names_all_missing_files() -> None:
    with pytest.raises(SeedError) as caught:
        starters_in({"templates/welcome/template.html": b"x"})

    assert (caught.value.code, caught.value.message) == (
        "SEED005",
        "Starter template 'welcome' is incomplete: no metadata.json, template.txt",
    )
