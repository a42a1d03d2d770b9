"""The pictures of the documentation show what the code and Terraform have."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

import pytest

from sesmail_layer.aws import clients, feedback_progress
from sesmail_layer.domain.record.claims import Verdict, judge
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.ses import watermark
from sesmail_layer.usecases.sender import claim, deliver
from tests.docs.pages import DOCS, ROOT, Block, blocks, pages, rows

MODULE = ROOT / "modules/sesmail"
QUEUES = (MODULE / "queues.tf").read_text()
FUNCTIONS = (MODULE / "functions.tf").read_text()
PERMISSIONS = (MODULE / "permissions.tf").read_text()
UNSUBSCRIBE = (MODULE / "unsubscribe.tf").read_text()

PICTURES = [block for page in pages() for block in blocks(page) if block.language == "mermaid"]
ARCHITECTURE = [block.code for block in PICTURES if block.page == DOCS / "architecture.md"]
FLOW, TIMELINE, STATES, LANES = ARCHITECTURE

FIRST = "[*]"
AT = "2026-11-29T10:00:00.000Z"

Edge = tuple[str, str]


# ---------------------------------------------------------------------------------------------------------------------
# All pictures
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_begins_with_a_title_and_a_description_for_screen_readers(picture: Block) -> None:
    _, title, description = picture.code.splitlines()[:3]
    assert re.fullmatch(r" +accTitle: .+", title)
    assert re.fullmatch(r" +accDescr: .+\.", description)


# ---------------------------------------------------------------------------------------------------------------------
# Statuses
# ---------------------------------------------------------------------------------------------------------------------


def drawn_transitions() -> set[Edge]:
    return set(re.findall(r"^ +(\S+) --> (\w+)", STATES, re.MULTILINE))


def next_attempts() -> set[Edge]:
    """The drawn arrows that begin the next attempt of an email."""
    return {(before, after) for before, after in drawn_transitions() if after == "sending" and before != "deferred"} - {
        (FIRST, "sending")
    }


def record(status: Status | None = None, **changes: object) -> TrackingRecord:
    """Return a record with a status, or one without entries."""
    empty = TrackingRecord(
        email_id="order-1",
        status=Status.SENDING,
        attempt=1,
        timestamp=AT,
        date_partition=AT[:10],
        ttl=0,
        to_email="john@example.com",
        fingerprint="f",
        request_event_id="event-1",
        **changes,  # type: ignore[arg-type]
    )
    return empty if status is None else fold(empty, [entry(status, 1)])[0]


def entry(status: Status, attempt: int) -> Entry:
    return Entry(f"{status}/{attempt}", AT, attempt, status)


def moves(before: Status, after: Status) -> bool:
    """Return True where `fold` lets a later entry of the same attempt change the status."""
    later = Entry("later", AT.replace("10:00", "11:00"), 1, after)
    folded, transitions = fold(record(before), [later])
    return bool(transitions) and folded.status is after is not before


def reachable(edges: Iterable[Edge]) -> set[Edge]:
    found = set(edges)
    while new := {(a, d) for (a, b), (c, d) in itertools.product(found, found) if b == c} - found:
        found |= new
    return found


def test_a_status_moves_along_the_arrows_as_in_the_code() -> None:
    """An arrow, or several that skip statuses, is what `fold` allows within one attempt, and nothing else."""
    within_one_attempt = {edge for edge in drawn_transitions() - next_attempts() if edge[0] != FIRST}
    drawn = {edge for edge in reachable(within_one_attempt) if edge[0] != edge[1]}
    assert drawn == {(before, after) for before, after in itertools.product(Status, Status) if moves(before, after)}


def test_the_first_statuses_are_those_that_the_sender_can_write() -> None:
    """SES's events change only a record that the sender has written."""
    first = {after for before, after in drawn_transitions() if before == FIRST}
    assert first == claim._PUBLISHED_HERE - {Status.SENT} | {Status.SENDING}


def test_the_next_attempts_are_those_that_the_claim_allows() -> None:
    allowed = set()
    for status in Status:
        # A record in `sending` has the lease of a worker that is gone.
        lease = 1.0 if status is Status.SENDING else 0.0
        found = judge(
            record(status, lease_until=lease), fingerprint="f", event_id="event-2", attempt=2, now=9e9, settle_seconds=1
        )
        takes_next = found.verdict is Verdict.TAKE and found.attempt == 2
        if takes_next or found.verdict is Verdict.UNSETTLED:
            allowed.add((str(status), "sending"))
    assert next_attempts() == allowed


def test_the_page_has_the_statuses_in_their_order() -> None:
    [order] = re.findall(r"`sending`, `deferred`\s<[^.]*", (DOCS / "architecture.md").read_text())
    assert re.findall(r"`(\w+)`", order) == [str(status) for status in Status]


# ---------------------------------------------------------------------------------------------------------------------
# The flow, lanes and queues
# ---------------------------------------------------------------------------------------------------------------------

SHAPES = {"function": r'\["', "queue": r'\[/"', "table": r'\[\("', "topic": r'\{\{"', "outside": r'\(\["'}


def named(picture: str, shape: str) -> set[str]:
    """Return the labels of the nodes of a shape; each is its node's id, too, where the engine has it."""
    found = re.findall(rf'^ +(\w+){SHAPES[shape]}([^"]+)"', picture, re.MULTILINE)
    assert shape == "outside" or all(node == label for node, label in found)
    return {label for _, label in found}


def arrows(picture: str) -> Iterator[tuple[str, str, bool]]:
    """Yield start, end, and whether it is dotted, of each arrow."""
    side = r"\w+(?: & \w+)*"
    for starts, line, ends in re.findall(rf'^ +({side}) (-->|-\.->)(?:\|"[^"]*"\|)? ({side})$', picture, re.MULTILINE):
        for start, end in itertools.product(starts.split(" & "), ends.split(" & ")):
            yield start, end, line == "-.->"


def edges(picture: str, *, dotted: bool = False) -> set[Edge]:
    return {(start, end) for start, end, is_dotted in arrows(picture) if is_dotted is dotted}


def queues() -> dict[str, tuple[str, str | None]]:
    """Name and dead-letter queue of each queue module, without the engine's name."""
    found = {}
    for module, body in re.findall(r'^module "(\w+)" \{\n  source = "../queue"\n(.*?)^\}', QUEUES, re.M | re.S):
        [name] = re.findall(r'^  name += "\$\{var\.name\}-(\w+)"', body, re.MULTILINE)
        dead = re.findall(r'^  dead_letter_name += "\$\{var\.name\}-(\w+)"', body, re.MULTILINE)
        found[module] = (name, dead[0] if dead else None)
    return found


def name_of(module: str) -> str:
    return queues()[module][0]


def functions() -> set[str]:
    names = re.findall(r'"\.\./lambda_function"\n.*?name += (?:"\$\{var\.name\}-(\w+)"|local)', FUNCTIONS, re.S)
    [unsubscribe] = re.findall(r'unsubscribe_name += "\$\{var\.name\}-(\w+)"', UNSUBSCRIBE)
    assert len(names) == FUNCTIONS.count('"../lambda_function"')
    return {*names, unsubscribe}


def tables() -> set[str]:
    text = (ROOT / "modules/tables/main.tf").read_text()
    return set(re.findall(r'^  name += "\$\{var\.name\}-(\w+)"', text, re.MULTILINE))


def sources(local: str) -> set[str]:
    """The queues that Terraform makes event sources of a function."""
    body = FUNCTIONS.split(f"{local} = {{")[1].split("\n  }\n")[0]
    return {name_of(module) for module in re.findall(r"queue_arn += module\.(\w+)\.arn", body)}


def sends_to(statements: str) -> set[str]:
    """The queues to which a function may send; dead-letter queues have an attribute of their own."""
    body = PERMISSIONS.split(f"{statements} = ")[1].split("\n# ----")[0]
    found = re.findall(r'"sqs:SendMessage"\]\s+resources = \[([^\]]*)\]', body)
    return {name_of(module) for names in found for module in re.findall(r"module\.(\w+)\.arn", names)}


def fed_by_engine() -> set[Edge]:
    """From a function to a queue, and back."""
    return {
        *((queue, "EmailSender") for queue in sources("sender_sources")),
        *((queue, "FeedbackProcessor") for queue in sources("feedback_sources")),
        *(("EmailSender", queue) for queue in sends_to("sender_statements")),
        *(("FeedbackProcessor", queue) for queue in sends_to("feedback_statements")),
    }


def fed_from_outside() -> set[Edge]:
    """From the bus and the topics to a queue: the rules' targets, and who may write to the feedback queue."""
    rules = re.findall(r"queue_arn +=? *module\.(\w+)\.arn", QUEUES.split("rules = {")[1].split("\n  }\n}")[0])
    return {("EmailBus", name_of(module)) for module in rules} | {
        (topic, name_of("feedback_queue")) for topic in topics(QUEUES.split('module "feedback_queue"')[1])
    }


def topics(text: str) -> set[str]:
    names = dict(re.findall(r'(\w+_topic_arn) += "[^"]*\$\{var\.name\}-(\w+)"', (MODULE / "main.tf").read_text()))
    return {names[used] for used in re.findall(r"local\.(\w+_topic_arn)", text)}


def test_the_pictures_have_every_queue_function_table_and_topic() -> None:
    both = FLOW + LANES
    assert named(LANES, "queue") == {name for pair in queues().values() for name in pair if name}
    assert named(FLOW, "queue") <= named(LANES, "queue")
    assert named(both, "function") == functions()
    assert named(both, "table") == tables() | {"templates"}
    assert named(both, "topic") == {"EmailBus", "SESFeedback", "Alarms"}


def test_the_lanes_have_every_way_of_a_message() -> None:
    assert edges(LANES) == fed_by_engine() | fed_from_outside()


def test_the_flow_shows_only_ways_that_exist() -> None:
    ways = {edge for edge in edges(FLOW) if named(FLOW, "queue") & set(edge)}
    assert len(ways) > 5
    assert ways <= fed_by_engine() | fed_from_outside()


def test_every_queue_has_its_dead_letter_queue() -> None:
    of_queues = {(name, dead) for name, dead in queues().values() if dead}
    of_bus, of_feedback = name_of("event_bridge_dlq"), queues()["feedback_queue"][1]
    assert "arn = module.event_bridge_dlq.arn" in QUEUES
    of_topics = {(topic, of_feedback) for topic in topics(QUEUES.split("dead_letter_writers")[1])}
    assert edges(LANES, dotted=True) == of_queues | of_topics | {("EmailBus", of_bus)}


def test_a_lane_has_its_queue_and_its_retry_queue() -> None:
    lanes = re.findall(r'subgraph (\w+)\["[^"]+"\]\n(.*?)^ +end$', LANES, re.M | re.S)
    assert {lane: named(nodes, "queue") for lane, nodes in lanes} == {
        "transactional": {name_of("email_queue"), name_of("retry_queue")},
        "bulk": {name_of("bulk_queue"), name_of("bulk_retry_queue")},
    }


# ---------------------------------------------------------------------------------------------------------------------
# The timeline of a claim
# ---------------------------------------------------------------------------------------------------------------------


def settle_seconds() -> int:
    """The default of `claim_settle_seconds`."""
    variables = (MODULE / "variables_functions.tf").read_text()
    [timeout] = re.findall(r'"feedback_processor_timeout" \{.*?default += (\d+)', variables, re.S)
    [batching] = re.findall(r"feedback_batching_seconds = (\d+)", QUEUES)
    [least, twice, more] = re.findall(r"max\((\d+), (\d+) \* local\.feedback_visibility_seconds \+ (\d+)\)", QUEUES)[0]
    return max(int(least), int(twice) * (6 * int(timeout) + int(batching)) + int(more))


def test_the_timeline_has_the_durations_of_the_code() -> None:
    small = clients.SIZE_CLASSES[0]
    settle = settle_seconds()
    timeline = TIMELINE.replace("<br/>", " ")
    expected = [
        f"lease until {deliver._LEASE_EXTRA_SECONDS:g} s after the invocation's end",
        f"connection {clients.CONNECT_SECONDS:g} s",
        f"upload {small.upload_seconds:g} s",
        f"answer {small.read_seconds:g} s",
        f"the claim is {settle} s old",
        f"every {claim._UNSETTLED_SECONDS:g} s",
        f"at most one probe in {feedback_progress._PROBE_SECONDS:g} s",
        f"sent {settle} s after the claim",
        f"and {watermark._UNNOTED_SECONDS:g} s ago or more",
    ]
    assert [text for text in expected if text not in timeline] == []
    assert len(re.findall(r"\d+ s\b", timeline)) == len(expected)


def test_the_page_has_the_limits_of_the_calls_to_ses() -> None:
    table = [cells for cells in rows(DOCS / "architecture.md") if len(cells) == 4 and cells[1].endswith(" s")]
    assert [cells[1:] for cells in table] == [
        [f"{seconds:g} s" for seconds in (clients.CONNECT_SECONDS, each.upload_seconds, each.read_seconds)]
        for each in clients.SIZE_CLASSES
    ]
    sizes = [f"up to {each.max_bytes // 2**20} MB" for each in clients.SIZE_CLASSES[:-1]]
    assert [cells[0] for cells in table] == [*sizes, "above"]
