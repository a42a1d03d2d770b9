"""The survivors that are accepted by name, with a key of `reasons.REASONS` each."""

from __future__ import annotations

from typing import NamedTuple


class Named(NamedTuple):
    """The survivors of one function that have a fragment in the changed line."""

    reason: str
    module: str
    function: str
    after: str


NAMED = [
    # A list passes `or` and `and` alike; Python rejects any other factor with the same error.
    Named("same", "domain/template/bounds.py", "check_repetition", "isinstance(times, int) or isinstance"),
    Named("same", "domain/template/bounds.py", "check_repetition", "max(times, 1)"),
    # The literal text after the last field has no width.
    Named("same", "domain/template/bounds.py", "check_format", 'spec or "XXXX"'),
    Named("same", "domain/guards/breaker.py", "_simulated", 'or "XXXX"'),
    Named("same", "domain/request/addresses.py", "_reason", "XX.XX"),
    # The files of templates have one dot.
    Named("same", "domain/template/files.py", "file_variants", "file.partition"),
    # Neither is a locale.
    Named("same", "domain/template/formatting.py", "_locale", 'else "XXXX"'),
    # The database of zones has UTC too. A text of over a hundred digits is none, and so is any other that is no number.
    Named("effort", "domain/template/formatting.py", "_zone", "ZoneInfo(zone)"),
    Named("effort", "domain/template/formatting.py", "_short_text", "_LONGEST_TEXT:"),
    Named("same", "domain/template/formatting.py", "_short_text", 'return "XXXX"'),
    Named("unread", "domain/template/generator.py", "Generator.macro_def", "macro_def(macro_ref, None)"),
    # Jinja2's own methods do not read these arguments.
    Named("unread", "domain/template/generator.py", "Generator._output_child_post", "_output_child_post("),
    # An ordinary email needs no list of names: a file less on its way.
    Named("effort", "domain/request/email_request.py", "parse_request", "(unknown) or True else []"),
    # It matches in any case.
    Named("same", "domain/message.py", "_list_unsubscribe", "MAILTO"),
    # Without a value, no message names where it came from.
    Named("unread", "domain/message.py", "_first_set", '("XXXX", "")'),
    Named("same", "domain/message.py", "_type_of", "rpartition"),
    Named("same", "domain/mime.py", "file_part", "rpartition"),
    Named("same", "domain/ses/outcomes.py", "_complaint", 'or "XXXX"'),
    Named("same", "domain/ses/outcomes.py", "_subscription", 'or "XXXX"'),
    Named("same", "domain/guards/producers.py", "ProducerPolicy.check_request", "address.partition"),
    Named("same", "domain/request/refusals.py", "refusal_of", "XX`XX"),
    Named("same", "domain/request/refusals.py", "refusal_of", "XX.XX"),
    Named("same", "domain/request/refusals.py", "near_miss", "known, 2, 0.84"),
    Named("unread", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "call_binop(None, "),
    Named(
        "unread", "domain/template/sandbox.py", "BoundedEnvironment.wrap_str_format", "update_wrapper(bounded, None)"
    ),
    Named("inner", "domain/template/starters.py", "_version_in", "raise ValueError"),
    Named("same", "domain/guards/suppression.py", "Suppression.joined", 'or "XXXX"'),
    # The expiry decides only between entries that are equal otherwise.
    Named("same", "domain/guards/suppression.py", "Suppression._precedence", "msgspec.json.encode"),
    # The loop's end computes the verdict again, and there is none.
    Named("same", "usecases/feedback/breaker.py", "Breaker._pause_culprits", "return"),
    # A producer that causes the rate is not paused yet, so no event is published again.
    Named("unread", "usecases/feedback/breaker.py", "Breaker._pause_culprits", "republish=True"),
    # The key and status of a failure do not contain the revision.
    Named("unread", "usecases/sender/claim.py", "Claims.record_failed", "failed(job.claim.attempt, "),
    # Without an entry there is no transition to publish.
    Named("unread", "usecases/sender/claim.py", "Claims._write_entry", "make(None, 0)"),
    Named("unread", "usecases/sender/claim.py", "Claims._write_entry", "make(attempt, 1)"),
    Named("unread", "usecases/sender/claim.py", "Claims._new_record", ""),
    Named("same", "usecases/sender/pacing.py", "Pacer.rate", "else 1)"),
    Named("unread", "usecases/ports.py", "Metrics.count", ""),
    Named("same", "usecases/sender/pacing.py", "QuotaReader.__init__", "= 1.0"),
    Named("unread", "usecases/feedback/batch.py", "_Batch.__init__", "= None"),
    Named("same", "usecases/feedback/batch.py", "_Batch._by_email", 'or "XXXX"'),
    Named("chance", "usecases/sender/deliver.py", "Delivery._deliver", "random.uniform"),
    # A job without a request has a refusal and is never prepared.
    Named("same", "usecases/sender/producer_guard.py", "ProducerGuard.look_up", "get(s, 1)"),
    # The sender logs only the type of these errors; readers of times and versions catch their own.
    Named("same", "domain/request/email_request.py", "_check_attachments", "XX .XX"),
    Named("same", "domain/mime.py", "header_line", "len(whole) < _WIDTH"),
    Named("same", "domain/mime.py", "_needs_encoding", "split(None)"),
    Named("gap", "domain/mime.py", "_needs_encoding", ""),
    Named("gap", "domain/message.py", "compose", "fromtimestamp"),
    Named("gap", "domain/mime.py", "text_part", ""),
    # A value that passes the check before it is built fails the check after.
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "XX*XX"),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.call_binop", "check_repetition"),
    Named("same", "domain/ses/ses_events.py", "time", '"XXXX"'),
    Named("gap", "domain/ses/ses_events.py", "address", "< _ADDRESS_BYTES"),
    Named("same", "domain/status_event.py", "status_event", '"XXXX"'),
    Named("effort", "domain/template/sandbox.py", "BoundedEnvironment.__init__", ""),
    Named("gap", "domain/template/templates.py", "_decoded", ""),
    Named("gap", "domain/template/templates.py", "_compiled", "getattr("),
    # An equal entry in place of itself; two entries of one time have two keys; a folded record has a history.
    Named("effort", "domain/record/tracking.py", "_with", "_content(known) < "),
    Named("same", "domain/record/tracking.py", "_moves", ">= _when(before)"),
    Named("same", "domain/record/tracking.py", "_derived", "attempt=max("),
    Named("gap", "domain/record/tracking.py", "_content", "msgspec.json.encode("),
    # Only the first piece is read, and the detail is replaced.
    Named("same", "domain/request/envelopes.py", "_leniently_read", ""),
    Named("gap", "domain/request/envelopes.py", "_faults", "< sys.float_info.max"),
    # Every value here has been read from JSON.
    Named("unread", "domain/request/envelopes.py", "fault_of", "default=None"),
    Named("unread", "domain/request/envelopes.py", "fault_of", "allow_nan=False, )"),
    Named("effort", "domain/request/envelopes.py", "fault_of", "or True"),
    Named("gap", "domain/request/envelopes.py", "fault_of", '_faults(value, ""), )'),
    Named("chance", "usecases/sender/prepare.py", "Preparation.__call__", "random.uniform(2, 10)"),
    Named("chance", "usecases/sender/prepare.py", "Preparation.__call__", "random.uniform(1, 11)"),
    # A redelivery publishes what is recorded and reads no attempt.
    Named("unread", "domain/record/claims.py", "judge", "REDELIVERED"),
    # No domain of an address has an @.
    Named("same", "domain/guards/delivery_mode.py", "RestrictedDelivery.of", '"XX@XX" not in'),
    # A slice may end after the last.
    Named("same", "domain/guards/pacing.py", "first_chunk", "together <= len"),
    # The parameters are set again, by their names.
    Named("same", "domain/mime.py", "file_part", "XX;XX"),
    # Every time is after the first second of 1970.
    Named("same", "domain/record/claims.py", "_judge_unsent", "1.0 if record.sink"),
    Named("same", "usecases/feedback/breaker.py", "Breaker.__init__", "= 1.0"),
    Named("same", "usecases/sender/job.py", "receive", "else 1.0"),
    Named("same", "usecases/sender/pacing.py", "Pacer._reserve", "answered = 1.0"),
    Named("unread", "usecases/sender/pacing.py", "Pacer._reserve", "answered = None"),
    Named("same", "domain/record/compact.py", "_expanded", '= ""'),
    # Only the right mark gives the entry again.
    Named("effort", "domain/record/compact.py", "_shortened", "for mark in"),
    Named("same", "domain/record/compact.py", "_lengthened", 'get("mark", '),
    # None has no numbers.
    Named("same", "domain/request/email_request.py", "_checked", "(request.metadata is None) and False"),
    Named("same", "domain/ses/machine_opens.py", "is_machine", '"XXXX"'),
    Named("same", "domain/ses/ses_events.py", "read_event", '"XXXX"'),
    # The text of another value is no number, time or currency either.
    Named("same", "domain/template/formatting.py", "_short_text", 'or True else ""'),
    Named("same", "domain/template/formatting.py", "_short_text", 'else "XXXX"'),
    # Jinja2 does not finalize the template's own text.
    Named("unread", "domain/template/generator.py", "Generator._output_child_to_const", "frame, None)"),
    Named("same", "domain/template/prices.py", "checked_filter", "else 2)"),
    Named("same", "domain/template/sandbox.py", "BoundedEnvironment.getattr", 'hint = ""'),
    Named("same", "domain/template/sandbox.py", "BoundedEnvironment.method", "and False else attributes.own"),
    # No error of a value that is no method has this text.
    Named("unread", "domain/template/sandbox.py", "BoundedEnvironment.method", "self.getattr(obj, attribute, "),
    Named("same", "domain/template/sandbox.py", "BoundedEnvironment.call", "or True else arg"),
    # Jinja2 gives all arguments by their places.
    Named("unread", "domain/template/sandbox.py", "BoundedEnvironment._filter_test_common", "*args, )"),
    # Only the command line has a loader; its own tests cover this.
    Named("gap", "domain/template/sandbox.py", "BoundedEnvironment._load_template", "super()._load_template"),
    Named("same", "domain/template/undefined.py", "quoted", 'else "XXXX"'),
    # Only one receive and more than one differ; a message that fails here is alone; SQS delivers no empty batch.
    Named("same", "usecases/feedback/batch.py", "RecordFeedback.__call__", "max(3, "),
    Named("same", "usecases/feedback/batch.py", "RecordFeedback.__call__", '"RecordFailed", )'),
    Named("same", "usecases/feedback/batch.py", "RecordFeedback.__call__", "(messages) or True"),
    Named("same", "usecases/feedback/batch.py", "_Batch._follow_up", '"RecordFailed", )'),
    Named("same", "usecases/feedback/requeue.py", "Requeue._open", "max(3, "),
    Named("same", "usecases/sender/batch.py", "SendEmails.__call__", '"RecordFailed", )'),
    Named("same", "usecases/sender/requeue.py", "last_first_on_every_other_receive", "default=1"),
    # A repeated message is noted by itself; an empty id or list is looked up in vain.
    Named("effort", "usecases/feedback/batch.py", "_Batch.run", "again"),
    Named("effort", "usecases/feedback/batch.py", "_Batch._by_email", '{"XXXX"}'),
    Named("effort", "usecases/feedback/batch.py", "_Batch._by_email", "(untagged) or True"),
    Named("same", "usecases/feedback/batch.py", "_Batch._record", 'or "XXXX"'),
    Named("same", "usecases/feedback/batch.py", "_Batch._follow_up", "(errors) or True"),
    Named("gap", "usecases/feedback/batch.py", "_Batch._follow_up", "max(self._time_left.record, now"),
    Named("effort", "usecases/feedback/breaker.py", "Breaker._act", "(probes) or True"),
    Named("effort", "usecases/feedback/breaker.py", "Breaker._act", "(account) or True"),
    # The order of counts matters only where no time is left for all of them.
    Named("gap", "usecases/feedback/breaker.py", "Breaker._count", "ordered = "),
    # The account's own counts are never excluded.
    Named("unread", "usecases/feedback/breaker.py", "Breaker.handle_alarm", "Tally(state, None)"),
    Named("unread", "usecases/feedback/breaker.py", "Breaker._look", "Tally(state, None)"),
    Named("gap", "usecases/feedback/record_email.py", "EmailFeedback.record", "replace(folded, )"),
    Named("effort", "usecases/feedback/requeue.py", "Requeue._put_all", "(hops) or True"),
    # A wrapped message is read, and wrapped again, as its own body is.
    Named("same", "usecases/feedback/requeue.py", "Requeue._open", "replace(message, sent_at"),
    # A limit that was reached before has suppressed the address already.
    Named("effort", "usecases/feedback/suppress.py", "FeedbackSuppression.apply", "is None or"),
    Named("unread", "usecases/feedback/unmatched.py", "handle_unmatched", "outcomes(event, "),
    Named("gap", "usecases/find.py", "find", "since=start.since, )"),
    Named("same", "usecases/find.py", "_by_ses_id", 'or "XXXX"'),
    Named("gap", "usecases/find.py", "_walk", "after, back_to = None"),
    # What is read adds the padding that it needs.
    Named("same", "usecases/find.py", "_page", "strip("),
    Named("same", "usecases/find.py", "_digest", "[:17]"),
    Named("gap", "usecases/retry.py", "KeptRequests.keep_new", "or True"),
    Named("gap", "usecases/retry.py", "KeptRequests.keep", "claim.attempt, )"),
    Named("gap", "usecases/retry.py", "KeptRequests.forget", "and False"),
    Named("unread", "usecases/sender/batch.py", "_Batch.__init__", "= None"),
    Named("gap", "usecases/sender/claim.py", "Claims._replace", "entry.detail.get("),
    Named("gap", "usecases/sender/claim.py", "Claims._amend", "or True"),
    Named("gap", "usecases/sender/job.py", "Email.with_dropped", "SENDING else"),
    Named("chance", "usecases/sender/deliver.py", "lease_offsets", "first"),
    Named("chance", "usecases/sender/deliver.py", "Delivery._send", "random.uniform"),
    Named("chance", "usecases/sender/deliver.py", "Delivery._sink", "random.uniform"),
    Named("same", "usecases/sender/deliver.py", "Delivery._send", 'or "XXXX"'),
    # The end of the invocation is later.
    Named("same", "usecases/sender/deliver.py", "Delivery._sink", "_lease_until(1.0)"),
    Named("same", "usecases/sender/error_policy.py", "ErrorPolicy.run", "return"),
    Named("effort", "usecases/sender/job.py", "receive", "or True else {}"),
    Named("gap", "usecases/sender/pacing.py", "Pacer._take", ">= until"),
    # Composing reads the attachments again; here they have been read.
    Named("effort", "usecases/sender/prepare.py", "Preparation._check_attachments", "_decoded(one.content_base64"),
    Named("unread", "usecases/sender/prepare.py", "Preparation._read", '"", None)'),
    Named("same", "usecases/sender/prepare.py", "Preparation._read", "max(1, "),
    # The first look-up sets both; what is counted has no contacts to count.
    Named("unread", "usecases/sender/producer_guard.py", "ProducerGuard.__init__", "= True"),
    Named("unread", "usecases/sender/producer_guard.py", "ProducerGuard.__init__", '= ""'),
    Named("unread", "usecases/sender/producer_guard.py", "_mark_counted", "counted=True, "),
    Named("gap", "usecases/sender/requeue.py", "Requeue.hold", "pause_hops="),
    Named("gap", "usecases/sender/requeue.py", "Requeue._give_up_at", "job.send_at, )"),
    Named("gap", "usecases/sender/requeue.py", "_is_bulk", "and asks_for_bulk"),
    # No other hold ends so.
    Named("same", "usecases/sender/requeue.py", "_given_up", "rate = "),
    # A page that reads a little more or less than its budget, in larger or smaller pieces.
    Named("effort", "usecases/find.py", "_walk", "reads"),
    Named("effort", "usecases/find.py", "_walk", "chunk = "),
    # Another alphabet makes another cursor; a stray character fails the check.
    Named("gap", "usecases/find.py", "_read_cursor", "raw = base64.b64decode("),
    Named("gap", "usecases/find.py", "_read_cursor", "(place.day) and False"),
    Named("effort", "usecases/sender/deliver.py", "Delivery._steps", "len(in_time)"),
    # The fake takes the same time for any size.
    Named("gap", "usecases/sender/deliver.py", "Delivery._send", "longest_seconds(None)"),
    Named("gap", "usecases/sender/claim.py", "Claims._attempt_after_unknown", "Unsettled(None)"),
    Named("gap", "usecases/sender/claim.py", "Claims._replace", "with_dropped(None"),
]
