# ---------------------------------------------------------------------------------------------------------------------
# A webhook for statuses that is not signed: EventBridge itself calls the URL, with a secret key in a header. The receiver has 5 seconds to
# answer; EventBridge retries for a day at most, then the event goes to the dead-letter queue:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
# ---------------------------------------------------------------------------------------------------------------------

locals {
  https   = local.target_type == "https"
  webhook = local.https && !local.signed

  # These names are unique in the account, unlike a rule's, and queues take no dots. What is too long ends with a hash.
  webhook_words          = replace("${local.bus.name}-${var.event_source}-status", "/[^A-Za-z0-9-]/", "_")
  webhook_name           = length(local.webhook_words) <= 60 ? local.webhook_words : "${substr(local.webhook_words, 0, 51)}-${substr(sha1(local.webhook_words), 0, 8)}"
  webhook_dlq_arn        = "arn:${data.aws_partition.current.partition}:sqs:${local.account_arn}:${local.webhook_dlq_name}"
  webhook_dlq_name       = "${local.webhook_name}-dlq"
  https_dead_letter_name = local.signed ? "${local.signed_name}DLQ" : local.webhook_dlq_name
  regional_words         = "${local.webhook_name}-${data.aws_region.current.id}"
  webhook_role_name      = !var.regional_names ? local.webhook_name : length(local.regional_words) <= 64 ? local.regional_words : "${substr(local.regional_words, 0, 55)}-${substr(sha1(local.regional_words), 0, 8)}"
}

resource "aws_cloudwatch_event_connection" "webhook" {
  count = local.webhook ? 1 : 0

  name               = local.webhook_name
  description        = "Key for the statuses of ${var.event_source}"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = coalesce(var.status_target.key_header, "X-Api-Key")
      value = var.status_target_key
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "webhook" {
  count = local.webhook ? 1 : 0

  name                             = local.webhook_name
  description                      = "Receives the statuses of ${var.event_source}"
  connection_arn                   = aws_cloudwatch_event_connection.webhook[0].arn
  invocation_endpoint              = var.status_target.url
  http_method                      = "POST"
  invocation_rate_limit_per_second = coalesce(var.status_target.rate_per_second, 50)
}

resource "aws_iam_role" "webhook" {
  count = local.webhook ? 1 : 0

  name                 = local.webhook_role_name
  description          = "Lets EventBridge call the webhook of ${var.event_source}"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TheRuleOfTheseStatuses"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.rule_arn }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "webhook" {
  count = local.webhook ? 1 : 0

  name = "call-the-webhook"
  role = aws_iam_role.webhook[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "CallTheWebhook"
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.webhook[0].arn
    }]
  })
}

resource "aws_sqs_queue" "webhook_dead_letter" {
  count = local.webhook ? 1 : 0

  name                      = local.webhook_dlq_name
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
  tags                      = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "StatusesThatTheWebhookRejected"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = local.webhook_dlq_arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.rule_arn }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
      }
    }]
  })
}

# ---------------------------------------------------------------------------------------------------------------------
# What either kind of webhook did not take
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "webhook_dead_letter" {
  count = local.https ? 1 : 0

  alarm_name          = "${local.https_dead_letter_name}-NotEmpty"
  alarm_description   = "The webhook of ${var.event_source} rejected statuses: correct it, then ${local.signed ? "move them back with aws sqs start-message-move-task" : "read and delete them"} (docs/status-events.md)"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = local.https_dead_letter_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = [for arn in var.alarm_actions : arn if split(":", arn)[2] == "sns"]
  tags                = var.tags
}
