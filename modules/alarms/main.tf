# ---------------------------------------------------------------------------------------------------------------------
# The alarm topic, and every alarm that publishes to it.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  account_arn = "${var.account.region}:${var.account.id}"
  topic_name  = "${var.name}-Alarms"
  topic_arn   = "arn:${var.account.partition}:sns:${local.account_arn}:${local.topic_name}"

  # What is no request or SES event, the command cannot bring back.
  dead_letter_advice = {
    StatusEventsDLQ = "another account's event bus (status_event_bus_arn) rejected status events. Each message's attributes ERROR_CODE and ERROR_MESSAGE say why; its body is the event"
  }

  # An incident or a ticket is opened by an alarm, and would be opened again by its end: only topics hear of that.
  alarm_actions = concat([local.topic_arn], var.alarm_actions)
  ok_actions    = concat([local.topic_arn], [for arn in var.alarm_actions : arn if split(":", arn)[2] == "sns"])

  # Alarms that trip the account's breaker: SES's own metrics include mail that bypasses the engine.
  pause_alarms = {
    BounceRate    = { metric = "Reputation.BounceRate", threshold = var.bounce_rate_pause_threshold }
    ComplaintRate = { metric = "Reputation.ComplaintRate", threshold = var.complaint_rate_pause_threshold }
  }
  # https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
  limits_of_ses = {
    BounceRate    = "SES reviews accounts at 5 % bounces and pauses their sending at 10 %"
    ComplaintRate = "SES reviews accounts at 0.1 % complaints and pauses their sending at 0.5 %"
  }
  # By the id of the metric in the alarm's sum.
  undeliverable = merge([for index, rule in var.rule_names : {
    "events${index}"       = { rule = rule, metric = "FailedInvocations" }
    "dead_letters${index}" = { rule = rule, metric = "InvocationsFailedToBeSentToDlq" }
  }]...)
  warning_alarms = {
    BounceRate    = { metric = "Reputation.BounceRate", threshold = var.bounce_rate_alarm_threshold }
    ComplaintRate = { metric = "Reputation.ComplaintRate", threshold = var.complaint_rate_alarm_threshold }
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Topic
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_sns_topic" "this" {
  # checkov:skip=CKV_AWS_26: the AWS-managed key silently stops CloudWatch from publishing; a customer key comes by kms_key_arn
  name              = local.topic_name
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PublishedByAlarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = local.topic_arn
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${var.account.partition}:cloudwatch:${local.account_arn}:alarm:${var.name}-*" }
        StringEquals = { "aws:SourceAccount" = var.account.id }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "admin" {
  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = var.admin_email
}

# The feedback processor trips the account's breaker on these two; all other alarms are only emailed.
resource "aws_sns_topic_subscription" "breaker" {
  topic_arn            = aws_sns_topic.this.arn
  protocol             = "sqs"
  endpoint             = var.feedback_queue_arn
  raw_message_delivery = false
  redrive_policy       = jsonencode({ deadLetterTargetArn = var.dead_letter_queue_arn })
  filter_policy_scope  = "MessageBody"
  filter_policy        = jsonencode({ AlarmName = [for key in keys(local.pause_alarms) : "${var.name}-SES-${key}-Pause"] })
}

# ---------------------------------------------------------------------------------------------------------------------
# Dead-letter queues: any message in one needs an operator
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "dead_letter_depth" {
  for_each = var.dead_letter_queue_names

  alarm_name          = "${var.name}-${each.key}-Depth"
  alarm_description   = "Messages in ${each.value}: ${lookup(local.dead_letter_advice, each.key, "run sesmail redrive ${trimprefix(each.value, "${var.name}-")}")}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# ---------------------------------------------------------------------------------------------------------------------
# Functions: a record that fails inside a batch is no Lambda error, so both are added up
#
# A period is a window that ends with each minute. What is a minute or two late is missing from the end of the newest one,
# and FILL's zero, which would hide it in a period of a minute, is no more than that:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "function_errors" {
  for_each = var.function_names

  alarm_name          = "${var.name}-${each.key}-Errors"
  alarm_description   = "${each.value} fails: run aws logs tail /aws/lambda/${each.value} --since 1h --filter-pattern ERROR"
  evaluation_periods  = var.lambda_error_alarm_evaluation_periods
  threshold           = var.lambda_error_alarm_threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  metric_query {
    id          = "total"
    label       = "Failed invocations and records"
    expression  = "FILL(errors, 0) + FILL(failed, 0)"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = { FunctionName = each.value }
      stat        = "Sum"
      period      = 300
    }
  }

  metric_query {
    id = "failed"

    metric {
      namespace   = "SESMail"
      metric_name = "RecordFailed"
      dimensions  = { Name = var.name, FunctionName = each.value }
      stat        = "Sum"
      period      = 300
    }
  }

  depends_on = [aws_sns_topic.this]
}

# ---------------------------------------------------------------------------------------------------------------------
# Reputation of the whole account in SES. SES publishes these rates irregularly, so missing data keeps the state:
# https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "reputation" {
  for_each = local.warning_alarms

  alarm_name          = "${var.name}-SES-${each.key}"
  alarm_description   = "The account's ${each.value.metric} is above ${each.value.threshold * 100} %. ${local.limits_of_ses[each.key]}. Find the producer (sesmail status, sesmail suppression list) and stop it: sesmail pause --producer SOURCE"
  namespace           = "AWS/SES"
  metric_name         = each.value.metric
  statistic           = "Average"
  period              = var.reputation_alarm_period
  evaluation_periods  = 2
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "ignore"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

resource "aws_cloudwatch_metric_alarm" "reputation_pause" {
  for_each = local.pause_alarms

  alarm_name          = "${var.name}-SES-${each.key}-Pause"
  alarm_description   = "The account's ${each.value.metric} is above ${each.value.threshold * 100} %${var.breaker_mode == "pause" ? ", and the engine has paused all sending" : ""}. ${local.limits_of_ses[each.key]}. Find the cause, then run sesmail resume --all"
  namespace           = "AWS/SES"
  metric_name         = each.value.metric
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "ignore"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# Bounces that are about the sender (SPF, DKIM, DMARC, a blocklist, its reputation), whether SES counts them or not.
resource "aws_cloudwatch_metric_alarm" "sender_refused" {
  alarm_name          = "${var.name}-Sender-Refused"
  alarm_description   = "Providers rejected or deferred the sender three times in five minutes: check SPF, DKIM, DMARC and blocklists; aws sesv2 get-email-identity shows what SES verified"
  namespace           = "SESMail"
  metric_name         = "SenderRefused"
  dimensions          = { Name = var.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 2
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}
