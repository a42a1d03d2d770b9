# ---------------------------------------------------------------------------------------------------------------------
# Status events for producers in other accounts and regions: a rule for each sends the statuses of its emails, and no
# others, to its own bus. A rule that the other account made here could read every producer's.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  status_buses = { for source, policy in var.producers : source => policy.status_event_bus_arn if policy.status_event_bus_arn != null }

  # Names of rules take letters, digits, dots, hyphens and underscores, 64 of them: as in modules/producer.
  status_rules = { for source in keys(local.status_buses) : source => join("-", [
    length(source) <= 53 ? replace(source, "/", "_") : "${substr(replace(source, "/", "_"), 0, 44)}-${substr(sha1(source), 0, 8)}",
    "status-bus",
  ]) }
  # One pattern, not a list: IAM takes a trust policy of 2,048 characters, which is about 20 rules.
  status_rule_arns = ["${local.rule_arn_prefix}/*-status-bus"]

  status_dead_letter_queues = { for queue in module.status_dlq : "StatusEventsDLQ" => queue.name }
}

resource "aws_cloudwatch_event_rule" "status" {
  for_each = local.status_rules

  name           = each.value
  description    = "Statuses of the emails that ${each.key} asked for, for a bus elsewhere"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  tags           = var.tags

  event_pattern = jsonencode({
    source        = [var.status_event_source]
    "detail-type" = ["Email Status Changed", "Email Unsubscribed", "Email Resubscribed"]
    detail        = { originalSource = [each.key] }
  })

  lifecycle {
    precondition {
      condition     = local.status_buses[each.key] != local.bus_arn
      error_message = "status_event_bus_arn of ${each.key} is the engine's own bus, which already has its status events. Leave it out."
    }
  }
}

resource "aws_cloudwatch_event_target" "status" {
  for_each = local.status_buses

  rule           = aws_cloudwatch_event_rule.status[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "bus"
  arn            = each.value
  role_arn       = aws_iam_role.status[0].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.status_dlq[0].arn
  }

  # Without the right, the first events would be dead letters.
  depends_on = [aws_iam_role_policy.status]
}

module "status_dlq" {
  source = "../queue"
  count  = length(local.status_buses) > 0 ? 1 : 0

  name    = "${var.name}-StatusEventsDLQ"
  account = local.account
  tags    = var.tags

  writers = [{
    sid         = "UndeliverableStatusEvents"
    service     = "events.amazonaws.com"
    source_arns = local.status_rule_arns
  }]
}

# ---------------------------------------------------------------------------------------------------------------------
# A bus of another account takes events from a role only:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_iam_role" "status" {
  count = length(local.status_buses) > 0 ? 1 : 0

  name                 = "${var.name}-StatusEventsRole${local.region_suffix}"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary_arn
  description          = "Sends status events of ${local.bus_name} to producers' buses elsewhere"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumedByRulesOfTheBus"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account.id }
        ArnLike      = { "aws:SourceArn" = local.status_rule_arns }
      }
    }]
  })
}

resource "aws_iam_role_policy" "status" {
  count = length(local.status_buses) > 0 ? 1 : 0

  name = "${var.name}-StatusEvents"
  role = aws_iam_role.status[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "PublishStatusesElsewhere"
      Effect   = "Allow"
      Action   = ["events:PutEvents"]
      Resource = distinct(values(local.status_buses))
    }]
  })

  lifecycle {
    precondition {
      condition     = length(join("\",\"", distinct(values(local.status_buses)))) <= 10000
      error_message = "The ${length(distinct(values(local.status_buses)))} buses of status_event_bus_arn do not fit into the policy of one role, which may have 10,240 characters. Let producers in the same account share a bus."
    }
  }
}
