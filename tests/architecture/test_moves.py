"""One email's story stands in few files that are read in a row."""

from __future__ import annotations

from tests.architecture.moves import Way, hard_bounce, ordinary_email


def test_an_ordinary_email_crosses_at_most_24_files_in_at_most_115_moves() -> None:
    way = ordinary_email()
    assert len(way.files) <= 24, str(way)
    assert len(way.entries) <= 115, str(way)


def test_a_hard_bounce_crosses_at_most_14_files_in_at_most_65_moves() -> None:
    way = hard_bounce()
    assert len(way.files) <= 14, str(way)
    assert len(way.entries) <= 65, str(way)


def test_only_a_change_of_file_is_a_move() -> None:
    way = Way(("a.py", "b.py", "b.py", "a.py"))
    assert way.entries == ["b.py", "a.py"]
    assert way.files == {"a.py", "b.py"}


def test_the_measured_email_is_sent_and_the_measured_bounce_suppresses() -> None:
    assert "usecases/sender/deliver.py" in ordinary_email().files
    assert "usecases/feedback/suppress.py" in hard_bounce().files
