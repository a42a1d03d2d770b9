# ---------------------------------------------------------------------------------------------------------------------
# What the check adds to the engine's root: a subscriber to each thing that the engine publishes.
# ---------------------------------------------------------------------------------------------------------------------

data "aws_caller_identity" "check" {}

data "aws_region" "check" {}

data "aws_partition" "check" {}

locals {
  check_arn_prefix = "arn:${data.aws_partition.check.partition}:sqs:${data.aws_region.check.id}:${data.aws_caller_identity.check.account_id}"

  # By queue: who writes to it, and for what.
  check_queues = {
    Statuses  = { service = "events.amazonaws.com", source = "${replace(module.sesmail.event_bus_arn, ":event-bus/", ":rule/")}/${var.name}-CheckStatuses" }
    SesEvents = { service = "sns.amazonaws.com", source = module.sesmail.ses_feedback_topic_arn }
    Alarms    = { service = "sns.amazonaws.com", source = module.sesmail.alarm_notification_topic_arn }
  }
}

resource "aws_sqs_queue" "check" {
  for_each = local.check_queues

  name                    = "${var.name}-Check${each.key}"
  sqs_managed_sse_enabled = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Published"
      Effect    = "Allow"
      Principal = { Service = each.value.service }
      Action    = "sqs:SendMessage"
      Resource  = "${local.check_arn_prefix}:${var.name}-Check${each.key}"
      Condition = { ArnEquals = { "aws:SourceArn" = each.value.source } }
    }]
  })
}

resource "aws_cloudwatch_event_rule" "check_statuses" {
  name           = "${var.name}-CheckStatuses"
  description    = "Status events for the check"
  event_bus_name = module.sesmail.event_bus_name
  event_pattern  = jsonencode({ source = [var.status_event_source], "detail-type" = ["Email Status Changed"] })
}

resource "aws_cloudwatch_event_target" "check_statuses" {
  rule           = aws_cloudwatch_event_rule.check_statuses.name
  event_bus_name = module.sesmail.event_bus_name
  target_id      = "check"
  arn            = aws_sqs_queue.check["Statuses"].arn
}

resource "aws_sns_topic_subscription" "check" {
  for_each = { SesEvents = module.sesmail.ses_feedback_topic_arn, Alarms = module.sesmail.alarm_notification_topic_arn }

  topic_arn            = each.value
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.check[each.key].arn
  raw_message_delivery = true
}

output "check_queue_urls" {
  description = "URLs of the check's own queues by what they receive."
  value       = { for name, queue in aws_sqs_queue.check : name => queue.url }
}
