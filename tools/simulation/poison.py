"""A port that fails, as no port should, whenever one email is among what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

POISON = "poison"


class Poisoned:
    """A port that fails, as no port should, whenever one email is among what it is asked."""

    def __init__(self, inner: Any, error: type[Exception]) -> None:
        self._inner = inner
        self._error = error

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._guarded(found) if callable(found) else found

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if POISON in str(msgspec.to_builtins([args, kwargs], enc_hook=str, str_keys=True)):
                raise self._error("a bug")
            return call(*args, **kwargs)

        return guarded
