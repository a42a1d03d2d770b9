"""The counters of producers' caps in the control table: `day#<source>#<date>` and `contacts#<source>#<hour>`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sesmail_layer.aws.control_items import ControlItems, number, read_number

_TRIES = 5


class CapCounters(ControlItems):
    def take(self, counter: str, wanted: int, limit: int, expires_at: float) -> int:
        """Add up to `wanted` to a counter without passing `limit`; return how many it had room for.

        `expires_at` is in Unix seconds. Raises TransientError.
        """
        # A counter that does not exist yet accepts any number, so the limit applies before the first write.
        wanted = min(wanted, limit)
        for _ in range(_TRIES):
            if wanted <= 0:
                return 0
            taken, item = self._update(
                counter,
                "ADD taken :wanted SET #ttl = :ttl",
                {":wanted": number(wanted), ":before": number(limit - wanted), ":ttl": number(int(expires_at))},
                condition="attribute_not_exists(taken) OR taken <= :before",
                names={"#ttl": "ttl"},
            )
            if taken:
                return wanted
            wanted = min(wanted, limit - round(read_number(item, "taken")))
        return 0

    def taken(self, counters: Collection[str]) -> Mapping[str, int]:
        """Read how much of each counter is used; those that do not exist are left out. Raises TransientError."""
        return {key: round(read_number(item, "taken")) for key, item in self._get_many(counters).items()}

    def give_back(self, counter: str, taken: int) -> None:
        """Take back what was added and not used. Raises TransientError."""
        self._update(counter, "ADD taken :back", {":back": number(-taken)}, condition="attribute_exists(taken)")
