# ---------------------------------------------------------------------------------------------------------------------
# Flow: what is paused, late, throttled or lost
# ---------------------------------------------------------------------------------------------------------------------

# Whoever pauses emits 1, whoever ends the last pause 0, and each batch of the sender emits which of the two holds. Without
# mail there are no batches, so missing data keeps the state: the alarm lasts as long as the pause.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
# A batch may emit what it read before a change, so the last value of a change comes in a later minute (settled_at).
resource "aws_cloudwatch_metric_alarm" "sending_paused" {
  alarm_name          = "${var.name}-Sending-Paused"
  alarm_description   = "The breaker or an operator has paused a producer or the account, and its mail waits: sesmail status says which and why, sesmail resume --all (or --producer SOURCE) ends it"
  namespace           = "SESMail"
  metric_name         = "SendingPaused"
  dimensions          = { Name = var.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "ignore"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# With breaker_mode = "alarm" nothing is paused; this alarm fires instead.
resource "aws_cloudwatch_metric_alarm" "breaker_tripped" {
  count = var.breaker_mode == "alarm" ? 1 : 0

  alarm_name          = "${var.name}-Breaker-Tripped"
  alarm_description   = "The breaker would have paused a producer or the account, but breaker_mode is alarm: breaker.tripped in the feedback processor's log says which; sesmail pause stops it"
  namespace           = "SESMail"
  metric_name         = "BreakerTripped"
  dimensions          = { Name = var.name }
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

# Both count what is lost, or needs a redrive: an event that no retry delivered, and a dead letter that the queue behind
# the rule refuses too, as one that is too large for it. On a bus of one's own, EventBridge's metrics have both dimensions:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
# That page also says that a data point may be late. By then FILL has put a zero in its minute, and an alarm on the newest
# minute alone would never see it: one of the last 15 is enough. The delay has no documented limit.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
resource "aws_cloudwatch_metric_alarm" "undeliverable" {
  alarm_name          = "${var.name}-EventBridge-Undeliverable"
  alarm_description   = "EventBridge could not deliver a request, or not even its dead letter: run sesmail redrive EventBridgeDLQ, and look for requests that are too large"
  evaluation_periods  = 15
  datapoints_to_alarm = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
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
  alarm_description   = "The oldest message in ${each.value.queue_name} is older than ${each.value.seconds} s: the function that reads it does not keep up, or fails. See sesmail status"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = each.value.queue_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  threshold           = each.value.seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# Bulk mail waits for its turn in its queue, so its age alone is no fault: it is one when nothing of the lane was sent either.
# Compared with a series, a missing value counts as 0, also where no bulk email was sent in the whole evaluated time:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
resource "aws_cloudwatch_metric_alarm" "bulk_queue_age" {
  alarm_name          = "${var.name}-BulkQueue-Age"
  alarm_description   = "Bulk mail has waited in ${var.bulk_queue_name} for more than 15 minutes, and none was sent meanwhile. See sesmail status, and the sender's log"
  evaluation_periods  = 1
  threshold           = 900
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  metric_query {
    id          = "stuck"
    label       = "Age of the oldest bulk email while none is sent"
    expression  = "IF(sent > 0 * age, 0, age)"
    return_data = true
  }

  metric_query {
    id = "age"

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = var.bulk_queue_name }
      stat        = "Maximum"
      period      = 900
    }
  }

  metric_query {
    id = "sent"

    metric {
      namespace   = "SESMail"
      metric_name = "BulkEmailSent"
      dimensions  = { Name = var.name }
      stat        = "Sum"
      period      = 900
    }
  }

  depends_on = [aws_sns_topic.this]
}

# A disabled event destination, a topic's key or a policy stops SES's events without any error: no one is suppressed any
# more, and the breaker is blind. The sender emits a zero, so that the metric exists where no event has ever come.
# Two periods: the events of emails that were sent in the last seconds of the first are recorded in the second.
# FILL hides no late value: a period is the last 15 minutes, whatever the clock says (main.tf, functions).
resource "aws_cloudwatch_metric_alarm" "feedback_silent" {
  alarm_name          = "${var.name}-Feedback-Silent"
  alarm_description   = "Five emails or more were sent in 15 minutes, twice in a row, and no event of SES was recorded: bounces and complaints go unseen. aws sesv2 get-configuration-set-event-destinations shows whether SES publishes; sesmail status shows the feedback queue"
  evaluation_periods  = 2
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  metric_query {
    id          = "silent"
    label       = "1 where emails are sent and no event is recorded"
    expression  = "IF(FILL(sent, 0) >= 5 AND FILL(recorded, 0) == 0, 1, 0)"
    return_data = true
  }

  metric_query {
    id = "sent"

    metric {
      namespace   = "SESMail"
      metric_name = "EmailSent"
      dimensions  = { Name = var.name }
      stat        = "Sum"
      period      = 900
    }
  }

  metric_query {
    id = "recorded"

    metric {
      namespace   = "SESMail"
      metric_name = "FeedbackRecorded"
      dimensions  = { Name = var.name }
      stat        = "Sum"
      period      = 900
    }
  }

  depends_on = [aws_sns_topic.this]
}

# Errors wait on the retry queues and on the feedback queue, and spend no receive: no dead letter shows them.
resource "aws_cloudwatch_metric_alarm" "waiting_transient" {
  alarm_name          = "${var.name}-Waiting-Transient"
  alarm_description   = "Emails or SES events have been tried for more than five minutes: the functions' logs say with which error (tries, retry_in); see sesmail status"
  namespace           = "SESMail"
  metric_name         = "TransientErrorAge"
  dimensions          = { Name = var.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 300
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}

# A new account may run ten functions at once, all of them together:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
# FILL hides no late value: a period is the last five minutes, whatever the clock says (main.tf, functions).
resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name          = "${var.name}-Throttles"
  alarm_description   = "Lambda has no room to run the engine's functions: raise the account's concurrency (aws lambda get-account-settings), or lower the engine's"
  evaluation_periods  = 3
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
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
  alarm_description   = "Less than the reserve of SES's 24-hour quota is left: bulk mail waits. See sesmail status; ask AWS for a higher quota"
  namespace           = "SESMail"
  metric_name         = "DailyQuotaUsed"
  dimensions          = { Name = var.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1 - var.daily_quota_reserve
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  depends_on = [aws_sns_topic.this]
}
