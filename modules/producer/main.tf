# ---------------------------------------------------------------------------------------------------------------------
# What a team needs to send through the engine: permission to put its requests on the bus, and a rule for its statuses.
# ---------------------------------------------------------------------------------------------------------------------

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_arn = "${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
  arn_prefix  = "arn:${data.aws_partition.current.partition}:events:${local.account_arn}"
  elsewhere   = var.event_bus_arn != null
  bus_arn     = local.elsewhere ? var.event_bus_arn : "${local.arn_prefix}:event-bus/${var.event_bus_name}"
  bus         = { region = split(":", local.bus_arn)[3], account = split(":", local.bus_arn)[4], name = split(":event-bus/", local.bus_arn)[1] }

  # Names of rules and policies take letters, digits, dots, hyphens and underscores only, rules 64 of them: a source that
  # is too long is shortened, and a hash keeps its name unique.
  source_name = replace(var.event_source, "/", "_")
  short_name  = length(local.source_name) <= 57 ? local.source_name : "${substr(local.source_name, 0, 48)}-${substr(sha1(var.event_source), 0, 8)}"
  rule_name   = "${local.short_name}-status"
  rule_arn    = "${local.arn_prefix}:rule/${local.status_bus}/${local.rule_name}"
  subscribed  = var.status_target != null

  # As in modules/sesmail/status_buses.tf: its rule sends them to the bus here.
  status_detail_types = ["Email Status Changed", "Email Unsubscribed", "Email Resubscribed"]

  # EventBridge cannot make a target of this account for a rule of another account's bus, but sends its events to a bus here:
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
  own_bus     = local.elsewhere && local.subscribed
  status_bus  = local.own_bus ? "${local.short_name}-statuses" : local.bus.name
  target_type = local.subscribed ? var.status_target.type : "none"
  target_arn = (
    local.webhook ? aws_cloudwatch_event_api_destination.webhook[0].arn
    : local.signed ? module.signed_queue[0].arn
    : local.subscribed ? var.status_target.arn
    : null
  )
  # A webhook always has a dead-letter queue; the other targets have the one that is named.
  dead_letter_arns = (
    local.webhook ? [local.webhook_dlq_arn]
    : local.signed ? [module.signed_queue[0].dead_letter_arn]
    : compact([try(var.status_target.dead_letter_queue_arn, null)])
  )

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "RequestEmails"
      Effect   = "Allow"
      Action   = "events:PutEvents"
      Resource = local.bus_arn
      Condition = {
        StringEquals = {
          "events:source"      = var.event_source
          "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"]
        }
      }
    }]
  })

  target_queue_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "StatusesOf${join("", regexall("[A-Za-z0-9]+", var.event_source))}"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = local.target_type == "sqs" ? var.status_target.arn : ""
      Condition = { ArnEquals = { "aws:SourceArn" = local.rule_arn } }
    }]
  })
}

# ---------------------------------------------------------------------------------------------------------------------
# Sending
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_iam_role_policy" "send" {
  count = length(var.role_names)

  name   = "${substr(local.bus.name, 0, min(64, length(local.bus.name)))}-${local.short_name}${var.regional_names ? "-${local.bus.region}" : ""}"
  role   = var.role_names[count.index]
  policy = local.policy
}

# ---------------------------------------------------------------------------------------------------------------------
# Statuses
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_bus" "status" {
  count = local.own_bus ? 1 : 0

  name = local.status_bus
  tags = var.tags
}

# The engine's account sends status events, and nothing else.
resource "aws_cloudwatch_event_bus_policy" "status" {
  count = local.own_bus ? 1 : 0

  event_bus_name = aws_cloudwatch_event_bus.status[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "StatusesOfTheEngine"
      Effect    = "Allow"
      Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${local.bus.account}:root" }
      Action    = "events:PutEvents"
      Resource  = "${local.arn_prefix}:event-bus/${local.status_bus}"
      Condition = {
        "ForAllValues:StringEquals" = { "events:source" = [var.status_event_source], "events:detail-type" = local.status_detail_types }
      }
    }]
  })
}

resource "aws_cloudwatch_event_rule" "status" {
  count = local.subscribed ? 1 : 0

  name           = local.rule_name
  description    = "Statuses of the emails that ${var.event_source} asked for"
  event_bus_name = local.own_bus ? aws_cloudwatch_event_bus.status[0].name : local.status_bus
  tags           = var.tags

  event_pattern = jsonencode({
    source        = [var.status_event_source]
    "detail-type" = local.status_detail_types
    # Events about a recipient's choice have no status.
    detail = { status = concat(var.statuses, [{ exists = false }]), originalSource = [var.event_source] }
  })
}

resource "aws_cloudwatch_event_target" "status" {
  count = local.subscribed ? 1 : 0

  rule           = aws_cloudwatch_event_rule.status[0].name
  event_bus_name = aws_cloudwatch_event_rule.status[0].event_bus_name
  arn            = local.target_arn
  role_arn       = local.webhook ? aws_iam_role.webhook[0].arn : null

  dynamic "dead_letter_config" {
    for_each = local.dead_letter_arns
    content {
      arn = dead_letter_config.value
    }
  }

  # EventBridge makes at most 185 tries: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
  dynamic "retry_policy" {
    for_each = local.webhook ? [coalesce(var.status_target.maximum_event_age_in_seconds, 86400)] : []
    content {
      maximum_event_age_in_seconds = retry_policy.value
      maximum_retry_attempts       = 185
    }
  }

  # The queue's ARN above is built, not referenced.
  depends_on = [aws_sqs_queue.webhook_dead_letter]
}

resource "aws_lambda_permission" "status" {
  count = local.target_type == "lambda" ? 1 : 0

  statement_id  = "sesmail-${substr(sha1(local.rule_arn), 0, 12)}"
  action        = "lambda:InvokeFunction"
  function_name = var.status_target.arn
  principal     = "events.amazonaws.com"
  source_arn    = local.rule_arn
}
