"""Keys of erased addresses on moto's DynamoDB."""

from __future__ import annotations

import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.stub import Stubber

from sesmail_layer.aws.tombstones import PREFIX, Tombstones
from sesmail_layer.domain.errors import TransientError
from tests.aws.conftest import CONTROL, calls_of, stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

JANE = "jane@example.com"


def test_a_key_is_the_addresss_hash_under_the_stored_secret(control: DynamoDBClient) -> None:
    key = Tombstones(control, CONTROL).key_of(JANE)

    secret = bytes(stored(control, "secret#fingerprint-key")["key"]["B"])
    assert len(secret) == 32
    assert key == PREFIX + hmac.new(secret, JANE.encode(), hashlib.sha256).hexdigest()


def test_all_workers_share_the_first_secret(control: DynamoDBClient) -> None:
    workers = [Tombstones(control, CONTROL) for _ in range(8)]
    with ThreadPoolExecutor(1) as pool:
        keys = set(pool.map(lambda worker: worker.key_of(JANE), workers))
    assert len(keys) == 1


def test_a_worker_that_loses_the_race_uses_the_winners_secret(
    control: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    winner = Tombstones(control, CONTROL).key_of(JANE)
    monkeypatch.setattr(control, "get_item", lambda **_: {})  # It read before the winner wrote.
    assert Tombstones(control, CONTROL).key_of(JANE) == winner


def test_the_secret_is_read_once(control: DynamoDBClient) -> None:
    tombstones = Tombstones(control, CONTROL)
    calls = calls_of(control)
    for address in (JANE, "john@example.com", JANE):
        tombstones.key_of(address)
    assert calls == ["GetItem", "PutItem"]


def test_a_fingerprint_is_short_stable_and_without_the_address(control: DynamoDBClient) -> None:
    tombstones = Tombstones(control, CONTROL)
    fingerprint = tombstones.fingerprint(JANE)
    assert tombstones.key_of(JANE).startswith(f"{PREFIX}{fingerprint}")
    assert len(fingerprint) == 16
    assert fingerprint != tombstones.fingerprint("john@example.com")


def test_without_the_table_a_key_is_an_error_and_a_fingerprint_is_empty(control: DynamoDBClient) -> None:
    with Stubber(control) as stub:
        stub.add_client_error("get_item", "ThrottlingException")
        with pytest.raises(TransientError, match=r"^DynamoDB error in the control table: ThrottlingException"):
            Tombstones(control, CONTROL).key_of(JANE)
        stub.add_client_error("get_item", "ThrottlingException")
        assert Tombstones(control, CONTROL).fingerprint(JANE) == ""
