"""The imports of a cold start."""

from __future__ import annotations

import gc
import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import a function's modules with a tenth less work.

    Modules live as long as the container: the garbage collector looks through them forty times in a cold start and
    finds nothing. https://docs.python.org/3/library/gc.html#gc.freeze keeps it away from them for good.

    structlog imports asyncio for methods that nothing here calls: it gets it at the first use. Else logging would
    look for a task in it. https://docs.python.org/3/howto/logging.html#optimization
    """
    gc.disable()
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]  # typeshed does not know it.
    later = _ImportedLater("asyncio")
    sys.modules.setdefault("asyncio", later)
    try:
        yield
    finally:
        later.leave()
        gc.freeze()
        gc.enable()


class _ImportedLater(ModuleType):
    """Stands for a module until one of its attributes is used."""

    def leave(self) -> None:
        """Make way for the module itself."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]

    def __getattr__(self, name: str) -> Any:
        self.leave()
        return getattr(importlib.import_module(self.__name__), name)
