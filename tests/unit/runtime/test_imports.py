from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from sesmail_layer.runtime.imports import quick_imports


def run(code: str) -> None:
    """Run code in an interpreter of its own: here asyncio is imported already."""
    start = "import logging, sys; from sesmail_layer.runtime.imports import quick_imports\n"
    subprocess.run([sys.executable, "-c", start + code], check=True, timeout=60)


def test_nothing_is_collected_until_the_modules_are_imported_and_never_they_themselves() -> None:
    with quick_imports():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_an_import_that_fails_leaves_the_collector_on() -> None:
    with pytest.raises(ImportError), quick_imports():
        raise ImportError
    assert gc.isenabled()
    gc.unfreeze()


def test_asyncio_stays_where_it_was_imported_before() -> None:
    before = sys.modules["asyncio"]
    with quick_imports():
        import asyncio
    gc.unfreeze()
    assert asyncio is before is sys.modules["asyncio"]


def test_asyncio_is_imported_at_its_first_use() -> None:
    run("""
with quick_imports():
    import asyncio
assert "asyncio" not in sys.modules
async def answer(): return 42
assert asyncio.run(answer()) == 42
assert "asyncio.runners" in sys.modules
""")


def test_what_is_used_of_asyncio_during_the_imports_is_there() -> None:
    run("""
with quick_imports():
    from asyncio import Queue
    import asyncio.events
assert sys.modules["asyncio"].Queue is Queue
assert sys.modules["asyncio"].events is sys.modules["asyncio.events"]
""")


def test_a_record_of_the_standard_logging_does_not_import_asyncio() -> None:
    run("""
with quick_imports():
    import asyncio
    logging.LogRecord("name", logging.INFO, "path", 1, "text", (), None)
assert "asyncio.tasks" not in sys.modules
""")
