"""A thousand random bounces and complaints against an oracle that was written from the contract, not from the code.

The oracle knows what each text is about, since it chose it: it matches no words. It knows the order of evidence: named
subtypes, the sender, a full mailbox, limits, an unknown user, then the type.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec

from sesmail_layer.domain.guards.breaker import counted_bounce, counted_complaint
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import RecipientState
from tools.simulation.feedback import Feedback, event

EVENTS = 1_000
OWN = ["john@example.com", "jane@example.com", "mary@example.org"]
FOREIGN = ["victim@elsewhere.example", "forwarded@example.net", "john@example.com.evil.example", "vacation@example.com"]

NOT_ATTEMPTED = [
    "OnAccountSuppressionList",
    "OnTenantSuppressionList",
    "EmailValidationSuppressed",
    "UnsubscribedRecipient",
]
MESSAGE = ["MessageTooLarge", "ContentRejected", "AttachmentRejected"]
SUB_TYPES = ["General"] * 8 + [
    "NoEmail",
    "MailboxFull",
    "CustomTimeoutExceeded",
    "Suppressed",
    "Novelty",
    "",
    *NOT_ATTEMPTED,
]
TYPES = ["Permanent", "Permanent", "Transient", "Transient", "Undetermined", "Novelty"]
STATUSES = [
    "", "5.0.0", "5.0.0", "5.0.0", "4.0.0", "5.1.1", "5.1.2", "5.1.10", "5.4.4", "5.1.100", "5.2.1", "5.1.7", "5.1.8",
    "4.1.8", "5.7.1", "5.7.515", "5.7.26", "4.7.0", "4.7.650", "4.3.2", "4.2.2", "5.2.2", "4.4.7", "4.4.1", "5.3.4",
]  # fmt: skip
HARD = {"5.1.1", "5.1.2", "5.1.10", "5.4.4"}

TEXTS = {
    "sender": [
        "Sender address rejected: domain not found", "Domain of sender address does not exist", "rejected by SPF",
        "DKIM verification failed", "message fails DMARC", "your IP address is on our blocklist", "found on a DNSBL",
        "the sending domain has a low reputation", "unauthenticated mail is not accepted", "client host rejected",
    ],
    "full": ["mailbox is full", "user is over quota", "recipient overquota", "quota exceeded", "buzón lleno"],
    "limit": ["greylisted, come back later", "too many connections", "rate limit exceeded", "liste grise"],
    "unknown": ["user unknown", "no such user here", "mailbox not found", "recipient does not exist"],
    "other": ["no", "try again later", "mailbox closed", "transaction failed", "account disabled", "timed out"],
}  # fmt: skip
CODES = ["550", "550", "552", "553", "554", "421", "450", "451", "452", ""]
# Addresses and links may have any words: they are no evidence.
DECOYS = [
    "", "", "<{to}>:", "<vacation@example.com>...", "<spf.dmarc@blocklist.example>", "see https://help.example/over/quota",
    "http://192.0.2.7/sender-rejected/user-unknown", "(greylisted@example.com)", "host mx.spamfilter.example.net said:",
]  # fmt: skip


class Item(msgspec.Struct):
    """One recipient of a bounce, and what the oracle knows of it."""

    named: str
    status: str
    kind: str
    code: str
    enhanced: str
    decoy: str
    words: str

    def as_json(self) -> dict[str, str]:
        parts = [self.code, self.enhanced, self.decoy.replace("{to}", self.named), self.words]
        diagnostic = "smtp; " + " ".join(filter(None, parts))
        return {"emailAddress": self.named, "status": self.status, "diagnosticCode": diagnostic}

    def statuses(self) -> set[str]:
        return {self.status, self.enhanced} - {""}

    def about_the_sender(self) -> bool:
        return self.kind == "sender" or any(
            one[1:] in (".1.7", ".1.8") or one.startswith("5.7.") for one in self.statuses()
        )

    def suppresses(self, kind: str, sub_type: str) -> bool:
        """What the contract says of one recipient's bounce."""
        if sub_type in NOT_ATTEMPTED or sub_type == "Suppressed":
            return True
        if kind == "Novelty" or self.about_the_sender():
            return False
        if sub_type == "MailboxFull" or self.kind == "full" or self.statuses() & {"4.2.2", "5.2.2"}:
            return False
        if self.kind == "limit" or any(one.startswith("4.7.") or one == "4.3.2" for one in self.statuses()):
            return False
        if self.statuses() & HARD:
            return True
        if self.kind == "unknown" and self.code in ("550", "552", "553", "554") and not self.enhanced.startswith("4"):
            return True
        bare = self.code in ("452", "552") and not self.enhanced and self.kind != "unknown"
        return kind == "Permanent" and not bare


def random_item(dice: random.Random, named: str) -> Item:
    kind = dice.choice([*TEXTS, "unknown", "other"])
    return Item(
        named=named,
        status=dice.choice([*STATUSES, *["5.0.0"] * 20, *["4.4.7"] * 3]),
        kind=kind,
        code=dice.choice(CODES[:6] if kind == "unknown" else CODES),
        enhanced=dice.choice([*STATUSES, *[""] * 50]),
        decoy=dice.choice(DECOYS),
        words=dice.choice(TEXTS[kind]),
    )


def written(dice: random.Random, address: str) -> str:
    """An address as a remote server may write it."""
    return dice.choice([address, address, address.upper(), f"rfc822; {address}", f"Someone <{address}>"])


class World:
    """One email with its record (or none), and what happened to it."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = random.Random(seed)
        self.own = dice.sample(OWN, dice.choice([1, 1, 2, 3]))
        self.has_record = dice.random() < 0.9
        listed = dice.sample([*self.own, *FOREIGN], dice.randint(0, 3))
        self.destination = listed if self.has_record else list(dict.fromkeys([*self.own, *listed]))
        self.concerned = self.own if self.has_record else self.destination
        self.named = [dice.choice([*self.own, *self.own, *FOREIGN]) for _ in range(dice.choice([0, 1, 1, 1, 2, 5]))]

    def meant(self, named: list[str]) -> set[str | None]:
        only = self.concerned[0] if len(self.concerned) == 1 else None
        return {one if one in self.concerned else only for one in named or [""]}

    def run(self, document: dict[str, Any]) -> Feedback:
        feedback = Feedback()
        if self.has_record:
            copies = {one: RecipientState(status=Status.SENDING, type="cc") for one in self.own[1:]}
            feedback.sent("email-1", to=self.own[0], recipients=copies)
        assert not feedback.run(feedback.message(document, waited=300))
        return feedback

    def bounce(self) -> tuple[dict[str, Any], set[str | None], bool]:
        """Gives an event, whom it must suppress, and whether it is all about the sender."""
        kind, sub_type = (
            self.dice.choice(TYPES),
            self.dice.choice(SUB_TYPES + (MESSAGE if self.dice.random() < 0.2 else [])),
        )
        given = [random_item(self.dice, one) for one in self.named]
        listed = [one.as_json() | {"emailAddress": written(self.dice, one.named)} for one in given]
        space = self.dice.choice(["", "", " ", "\t"])
        payload = {"bounceType": kind, "bounceSubType": f"{space}{sub_type}{space}", "bouncedRecipients": listed}
        silent = Item("", "", "other", "", "", "", "")
        of_all = given or [silent]
        hard = [one for one in of_all if one.suppresses(kind, sub_type)]
        expected = {found for one in hard for found in self.meant([one.named] if one.named else [])}
        tagged = self.dice.random() < 0.5
        document = event("Bounce", "bounce", payload, to=self.destination, tagged=tagged)
        sender = sub_type not in (*NOT_ATTEMPTED, "Suppressed") and all(one.about_the_sender() for one in of_all)
        return document, expected - {None}, sender

    def complaint(self) -> tuple[dict[str, Any], set[str | None]]:
        sub_type = self.dice.choice(["", "", *NOT_ATTEMPTED])
        feedback_type = self.dice.choice(["abuse", "not-spam", ""])
        listed = [{"emailAddress": written(self.dice, one)} for one in self.named]
        payload = {"complainedRecipients": listed, "complaintSubType": sub_type, "complaintFeedbackType": feedback_type}
        meant = self.meant(self.named)
        expected = meant if sub_type or (feedback_type != "not-spam" and len(meant) == 1) else set()
        return event("Complaint", "complaint", payload, to=self.destination), expected - {None}


def test_a_thousand_random_events_suppress_exactly_whom_the_contract_says() -> None:
    seen: Counter[str] = Counter()
    for seed in range(EVENTS):
        world = World(seed)
        sender = False
        if world.dice.random() < 0.85:
            document, expected, sender = world.bounce()
        else:
            document, expected = world.complaint()
        feedback = world.run(document)
        suppressed = set(feedback.suppression.entries)

        assert suppressed <= set(world.concerned), (seed, "another address", document)
        assert not (sender and suppressed), (seed, "the sender's fault", document)
        assert suppressed == expected, (seed, document)
        for record in feedback.tracking.records.values():
            counted = [one for one in record.history if counted_bounce(one) or counted_complaint(one)]
            assert {one.recipient for one in counted} <= set(world.own), (seed, "counted", document)
        seen["suppressed"] += bool(suppressed)
        seen["sender"] += sender
        seen["foreign"] += any(one in FOREIGN for one in world.named)
        seen["several"] += len(world.own) > 1
        seen["not suppressed"] += not suppressed

    assert min(seen.values()) >= 100, seen
