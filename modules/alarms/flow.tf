# ---------------------------------------------------------------------------------------------------------------------
# Flow: what is paused, late, throttled or lost
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "sending_paused" {
  alarm_name          = "${var.name}-Sending-Paused"
  alarm_description   = "The breaker or an operator has paused a producer or the account: sesmail status"
  namespace           = "SESMail"
  metric_name         = "SendingPaused"
  dimensions          = { Name = var.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# With breaker_mode = "alarm" nothing is paused; this alarm fires instead.
resource "aws_cloudwatch_metric_alarm" "breaker_tripped" {
  count = var.breaker_mode == "alarm" ? 1 : 0

  alarm_name          = "${var.name}-Breaker-Tripped"
  alarm_description   = "The breaker would have paused a producer or the account, but breaker_mode is alarm: breaker.tripped in the feedback processor's log says which"
  namespace           = "SESMail"
  metric_name         = "BreakerTripped"
  dimensions          = { Name = var.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# Both count what is lost, or needs a redrive: an event that no retry delivered, and a dead letter that the queue behind
# the rule refuses too, as one that is too large for it. On a bus of one's own, EventBridge's metrics have both dimensions:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
resource "aws_cloudwatch_metric_alarm" "undeliverable" {
  alarm_name          = "${var.name}-EventBridge-Undeliverable"
  alarm_description   = "EventBridge could not deliver a request, or not even its dead letter: sesmail redrive EventBridgeDLQ, and look for requests that are too large"
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  metric_query {
    id          = "total"
    label       = "Events and dead letters that were not delivered"
    expression  = join(" + ", [for id in keys(local.undeliverable) : "FILL(${id}, 0)"])
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.undeliverable

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Events"
        metric_name = metric_query.value.metric
        dimensions  = { EventBusName = var.event_bus_name, RuleName = metric_query.value.rule }
        stat        = "Sum"
        period      = 60
      }
    }
  }

  depends_on = [aws_sns_topic.this]
}

# What waits on purpose is on a retry queue, each hop a new message of at most 15 minutes: age means that a queue is not
# drained.
resource "aws_cloudwatch_metric_alarm" "queue_age" {
  for_each = var.queue_ages

  alarm_name          = "${var.name}-${each.key}-Age"
  alarm_description   = "The oldest message in ${each.value.queue_name} is older than ${each.value.seconds} s: the function that reads it does not keep up, or fails"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = each.value.queue_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  threshold           = each.value.seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# Errors wait on the retry queues and on the feedback queue, and spend no receive: no dead letter shows them.
resource "aws_cloudwatch_metric_alarm" "waiting_transient" {
  alarm_name          = "${var.name}-Waiting-Transient"
  alarm_description   = "Emails or SES events have been tried for more than five minutes: the functions' logs say with which error (tries, retry_in)"
  namespace           = "SESMail"
  metric_name         = "TransientErrorAge"
  dimensions          = { Name = var.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 300
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# A new account may run ten functions at once, all of them together:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name          = "${var.name}-Throttles"
  alarm_description   = "Lambda has no room to run the engine's functions: raise the account's concurrency, or lower the engine's"
  evaluation_periods  = 3
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  metric_query {
    id          = "total"
    label       = "Throttled invocations"
    expression  = join(" + ", [for key in keys(var.function_names) : "FILL(${lower(key)}, 0)"])
    return_data = true
  }

  dynamic "metric_query" {
    for_each = var.function_names

    content {
      id = lower(metric_query.key)

      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Throttles"
        dimensions  = { FunctionName = metric_query.value }
        stat        = "Sum"
        period      = 300
      }
    }
  }

  depends_on = [aws_sns_topic.this]
}

resource "aws_cloudwatch_metric_alarm" "daily_quota" {
  alarm_name          = "${var.name}-Daily-Quota"
  alarm_description   = "Less than the reserve of SES's 24-hour quota is left: bulk mail waits"
  namespace           = "SESMail"
  metric_name         = "DailyQuotaUsed"
  dimensions          = { Name = var.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1 - var.daily_quota_reserve
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}
