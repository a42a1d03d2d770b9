"""The engine's keys in moto's Parameter Store: created once, read once, rotated by a new version."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import TOMBSTONE_PREFIX
from sesmail_layer.domain.template.starters import SeedError
from sesmail_layer.runtime.clock import SystemClock

NAME = "sesmailengine"
JANE = "jane@example.com"
DAY = 86_400


class Clock(SystemClock):
    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@pytest.fixture
def ssm() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("ssm")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def keys(ssm: Any, clock: Clock) -> SecretKeys:
    """A container's own."""
    return SecretKeys(ssm, NAME, clock)


def created(ssm: Any, clock: Clock) -> SecretKeys:
    keys(ssm, clock).create()
    return keys(ssm, clock)


def rotate(ssm: Any, purpose: str = "erasure", value: str = "another") -> None:
    """As docs/security.md has it."""
    ssm.put_parameter(Name=f"/{NAME}/keys/{purpose}", Type="SecureString", Overwrite=True, Value=value)


def reads(ssm: Any) -> list[str]:
    names: list[str] = []
    ssm.meta.events.register("provide-client-params.ssm.GetParameter", lambda params, **_: names.append(params["Name"]))
    return names


def tombstone(value: str) -> str:
    return TOMBSTONE_PREFIX + hmac.new(value.encode(), JANE.encode(), hashlib.sha256).hexdigest()


def test_the_keys_are_secret_parameters_of_their_own_that_are_created_once(ssm: Any, clock: Clock) -> None:
    keys(ssm, clock).create()
    keys(ssm, clock).create()

    found = ssm.get_parameters_by_path(Path=f"/{NAME}/keys", WithDecryption=True)["Parameters"]
    assert {(one["Name"], one["Type"], one["Version"], len(one["Value"])) for one in found} == {
        (f"/{NAME}/keys/{purpose}", "SecureString", 1, 44) for purpose in ("fingerprint", "erasure", "unsubscribe")
    }
    assert len({one["Value"] for one in found}) == 3


def test_a_tombstone_is_the_addresss_hash_under_the_key_and_the_same_for_all_workers(ssm: Any, clock: Clock) -> None:
    first, second = created(ssm, clock), keys(ssm, clock)

    value = ssm.get_parameter(Name=f"/{NAME}/keys/erasure", WithDecryption=True)["Parameter"]["Value"]
    assert first.tombstones_of(JANE) == second.tombstones_of(JANE) == [tombstone(value)]


def test_a_container_reads_a_key_once_an_hour(ssm: Any, clock: Clock) -> None:
    container, names = created(ssm, clock), reads(ssm)
    for _ in range(3):
        container.tombstones_of(JANE)
    assert names == [f"/{NAME}/keys/erasure"]

    clock.ahead = 3_601
    container.tombstones_of(JANE)
    assert len(names) == 2


def test_after_a_rotation_the_key_before_it_is_in_use_for_thirty_days(ssm: Any, clock: Clock) -> None:
    [before] = created(ssm, clock).tombstones_of(JANE)
    rotate(ssm)

    assert keys(ssm, clock).tombstones_of(JANE) == [tombstone("another"), before]
    clock.ahead = 29 * DAY
    assert keys(ssm, clock).tombstones_of(JANE) == [tombstone("another"), before]
    clock.ahead = 31 * DAY
    assert keys(ssm, clock).tombstones_of(JANE) == [tombstone("another")]


def test_links_are_signed_with_the_newest_key_and_known_for_thirty_days_more(ssm: Any, clock: Clock) -> None:
    [before] = created(ssm, clock).unsubscribe_keys()
    rotate(ssm, "unsubscribe")

    assert keys(ssm, clock).unsubscribe_keys() == [b"another", before]
    clock.ahead = 31 * DAY
    assert keys(ssm, clock).unsubscribe_keys() == [b"another"]


def test_a_second_rotation_within_thirty_days_ends_no_link(
    ssm: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version is in use until the one after it is 30 days old."""
    made = {1: 100, 2: 40, 3: 20, 4: 10}  # Days ago.

    def get_parameter(Name: str, **_: object) -> Any:
        version = int(Name.partition(":")[2] or 4)
        day = datetime.fromtimestamp(clock.now() - made[version] * DAY, UTC)
        return {"Parameter": {"Value": f"v{version}", "Version": version, "LastModifiedDate": day}}

    monkeypatch.setattr(ssm, "get_parameter", get_parameter)
    assert keys(ssm, clock).unsubscribe_keys() == [b"v4", b"v3", b"v2"]


def test_of_many_rotations_the_last_five_versions_are_in_use(ssm: Any, clock: Clock) -> None:
    created(ssm, clock)
    for number in range(2, 8):
        rotate(ssm, "unsubscribe", f"v{number}")

    assert keys(ssm, clock).unsubscribe_keys() == [b"v7", b"v6", b"v5", b"v4", b"v3"]


def test_whoever_reads_often_knows_a_new_key_soon(ssm: Any, clock: Clock) -> None:
    created(ssm, clock)
    page = SecretKeys(ssm, NAME, clock, fresh_seconds=60)
    page.unsubscribe_keys()
    rotate(ssm, "unsubscribe")

    clock.ahead = 61
    assert page.unsubscribe_keys()[0] == b"another"


def test_a_container_that_read_a_key_finds_out_about_a_rotation(ssm: Any, clock: Clock) -> None:
    container = created(ssm, clock)
    container.tombstones_of(JANE)
    rotate(ssm)
    clock.ahead = 3_601

    assert container.tombstones_of(JANE)[0] == tombstone("another")


def test_a_key_that_cannot_be_read_again_stays_in_use(ssm: Any, clock: Clock) -> None:
    container = created(ssm, clock)
    found = container.tombstones_of(JANE)
    clock.ahead = 3_601
    with Stubber(ssm) as stub:
        stub.add_client_error("get_parameter", "InternalServerError")
        assert container.tombstones_of(JANE) == found


def test_ssm_that_does_not_answer_is_not_asked_for_each_email_of_a_batch(
    ssm: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = created(ssm, clock)
    asked: list[str] = []

    def fail(Name: str, **_: object) -> None:
        asked.append(Name)
        raise EndpointConnectionError(endpoint_url="https://ssm.example")

    with monkeypatch.context() as outage:
        outage.setattr(ssm, "get_parameter", fail)
        assert [container.fingerprint(JANE) for _ in range(10)] == [""] * 10
        for _ in range(10):
            with pytest.raises(TransientError):
                container.tombstones_of(JANE)
    assert len(asked) == 2
    clock.ahead = 11
    assert container.fingerprint(JANE)
    assert container.tombstones_of(JANE)


def test_a_fingerprint_is_short_stable_and_not_the_tombstone(ssm: Any, clock: Clock) -> None:
    container = created(ssm, clock)

    fingerprint = container.fingerprint(JANE)
    assert fingerprint == container.fingerprint(JANE) != container.fingerprint("john@example.com")
    assert len(fingerprint) == 16
    assert fingerprint not in container.tombstones_of(JANE)[0]


def test_before_the_seeder_ran_a_tombstone_is_worth_another_try_and_a_fingerprint_is_empty(
    ssm: Any, clock: Clock
) -> None:
    container = keys(ssm, clock)

    with pytest.raises(TransientError) as caught:
        container.tombstones_of(JANE)
    assert caught.value.code == "AWS009"
    assert caught.value.message == f"SSM error reading the key '/{NAME}/keys/erasure': ParameterNotFound"
    assert container.fingerprint(JANE) == ""

    keys(ssm, clock).create()
    assert container.tombstones_of(JANE)
    assert container.fingerprint(JANE)


def test_a_denied_creation_says_so(ssm: Any, clock: Clock) -> None:
    with Stubber(ssm) as stub:
        stub.add_client_error("put_parameter", "AccessDeniedException")
        with pytest.raises(SeedError, match=f"AccessDenied on the keys under /{NAME}/keys/") as caught:
            keys(ssm, clock).create()
    assert caught.value.code == "SEED007"


def test_deleted_keys_are_gone_and_deleting_them_twice_is_no_error(ssm: Any, clock: Clock) -> None:
    created(ssm, clock).delete()
    keys(ssm, clock).delete()

    assert ssm.get_parameters_by_path(Path=f"/{NAME}/keys")["Parameters"] == []
