# ---------------------------------------------------------------------------------------------------------------------
# The bus, its rules, and the queues.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  # Six times the timeout, AWS's advice for queues that feed a function. It serves crashes alone: what waits, for an
  # error too, waits on a retry queue: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  sender_visibility_seconds   = 6 * var.email_sender_timeout
  feedback_visibility_seconds = 6 * var.feedback_processor_timeout + local.feedback_batching_seconds

  # Events of one email come together: one write instead of several.
  feedback_batching_seconds = 5

  # An event of a batch that was killed twice is received again, and noted as outstanding, within this time.
  claim_settle_seconds = var.claim_settle_seconds != null ? var.claim_settle_seconds : max(300, 2 * local.feedback_visibility_seconds + 60)

  # Times that a message is delivered before it moves to the dead-letter queue.
  max_receive_count = 5

  # Of every queue behind the bus. Not below 256: a request that is larger than max_request_kb still arrives then, and is
  # recorded as rejected; EventBridge would drop it.
  max_message_kb = max(256, var.max_request_kb)

  rules = {
    # Whatever is not bulk, so that a request with an invalid priority is rejected with a record, not lost. A field
    # that holds an object is absent to EventBridge, which looks at leaves only. Known limit: a list that holds "bulk"
    # among other values matches both rules; both copies have the same event id, hence the same emailId, and one is sent.
    email = {
      name        = local.email_rule_name
      description = "Email requests for the email queue"
      queue_arn   = module.email_queue.arn
      pattern = {
        "detail-type" = ["Email Request"]
        detail        = { priority = [{ "anything-but" = ["bulk"] }, null, { exists = false }] }
      }
    }
    bulk = {
      name        = local.bulk_rule_name
      description = "Email requests for the bulk queue"
      queue_arn   = module.bulk_queue.arn
      pattern     = { "detail-type" = ["Email Request"], detail = { priority = ["bulk"] } }
    }
    # The transactional lane also for bulk mail: a cancellation must not wait behind the newsletter that it cancels.
    command = {
      name        = local.command_rule_name
      description = "Cancellations and unsubscriptions for the email queue"
      queue_arn   = module.email_queue.arn
      pattern     = { "detail-type" = ["Email Cancel Requested", "Email Unsubscribe Requested"] }
    }
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Bus
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_bus" "this" {
  name = local.bus_name
  tags = var.tags
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name           = each.value.name
  description    = each.value.description
  event_bus_name = aws_cloudwatch_event_bus.this.name
  tags           = var.tags

  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule           = aws_cloudwatch_event_rule.this[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "queue"
  arn            = each.value.queue_arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.event_bridge_dlq.arn
  }
}

resource "aws_cloudwatch_event_archive" "this" {
  count = var.archive_days > 0 ? 1 : 0

  name             = "${var.name}-Archive"
  description      = "Email requests, for a replay; a replayed request has its old event id, so nothing is sent twice"
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = var.archive_days
  event_pattern    = jsonencode({ "detail-type" = ["Email Request"] })
}

# ---------------------------------------------------------------------------------------------------------------------
# Queues
# ---------------------------------------------------------------------------------------------------------------------

module "event_bridge_dlq" {
  source = "../queue"

  name           = "${var.name}-EventBridgeDLQ"
  max_message_kb = local.max_message_kb
  account        = local.account
  tags           = var.tags

  writers = [{
    sid         = "UndeliverableEvents"
    service     = "events.amazonaws.com"
    source_arns = [for name in local.rule_names : "${local.rule_arn_prefix}/${name}"]
  }]
}

module "email_queue" {
  source = "../queue"

  name                       = "${var.name}-EmailQueue"
  dead_letter_name           = "${var.name}-EmailQueueDLQ"
  max_receive_count          = local.max_receive_count
  visibility_timeout_seconds = local.sender_visibility_seconds
  max_message_kb             = local.max_message_kb
  account                    = local.account
  tags                       = var.tags

  writers = [{
    sid         = "EmailRequests"
    service     = "events.amazonaws.com"
    source_arns = [for name in [local.email_rule_name, local.command_rule_name] : "${local.rule_arn_prefix}/${name}"]
  }]
}

module "bulk_queue" {
  source = "../queue"

  name                       = "${var.name}-BulkQueue"
  dead_letter_name           = "${var.name}-BulkQueueDLQ"
  max_receive_count          = local.max_receive_count
  visibility_timeout_seconds = local.sender_visibility_seconds
  max_message_kb             = local.max_message_kb
  account                    = local.account
  tags                       = var.tags

  writers = [{
    sid         = "BulkRequests"
    service     = "events.amazonaws.com"
    source_arns = ["${local.rule_arn_prefix}/${local.bulk_rule_name}"]
  }]
}

# Written to by the functions' own roles only.
module "retry_queue" {
  source = "../queue"

  name                       = "${var.name}-RetryQueue"
  dead_letter_name           = "${var.name}-RetryDLQ"
  max_receive_count          = local.max_receive_count
  visibility_timeout_seconds = local.sender_visibility_seconds
  max_message_kb             = local.max_message_kb
  account                    = local.account
  tags                       = var.tags
}

# A lane of its own: a paused newsletter must not stand before a waiting password reset.
module "bulk_retry_queue" {
  source = "../queue"

  name                       = "${var.name}-BulkRetryQueue"
  dead_letter_name           = "${var.name}-BulkRetryDLQ"
  max_receive_count          = local.max_receive_count
  visibility_timeout_seconds = local.sender_visibility_seconds
  max_message_kb             = local.max_message_kb
  account                    = local.account
  tags                       = var.tags
}

module "feedback_queue" {
  source = "../queue"

  name                       = "${var.name}-FeedbackQueue"
  dead_letter_name           = "${var.name}-FeedbackProcessorDLQ"
  max_receive_count          = local.max_receive_count
  visibility_timeout_seconds = local.feedback_visibility_seconds
  account                    = local.account
  tags                       = var.tags

  writers = [
    { sid = "SesEvents", service = "sns.amazonaws.com", source_arns = [local.feedback_topic_arn] },
    { sid = "PauseAlarms", service = "sns.amazonaws.com", source_arns = [local.alarm_topic_arn] },
  ]
  dead_letter_writers = [{
    sid         = "UndeliverableNotifications"
    service     = "sns.amazonaws.com"
    source_arns = [local.feedback_topic_arn, local.alarm_topic_arn]
  }]
}
