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

    The garbage collector would look through them forty times and find nothing: modules live as long as the container.
    Afterwards it leaves them alone. https://docs.python.org/3/library/gc.html#gc.freeze

    structlog imports asyncio, for methods that nothing here calls. It is imported at its first use, and logging, which
    asks it for the current task, is told not to. https://docs.python.org/3/howto/logging.html#optimization
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
