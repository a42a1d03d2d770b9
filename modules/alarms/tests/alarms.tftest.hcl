mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mock" }
  }
}

variables {
  name                                  = "mail"
  account                               = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  admin_email                           = "ops@example.com"
  dead_letter_queue_names               = { EmailQueueDLQ = "mail-EmailQueueDLQ", FeedbackDLQ = "mail-FeedbackProcessorDLQ" }
  function_names                        = { EmailSender = "mail-EmailSender" }
  queue_ages                            = { EmailQueue = { queue_name = "mail-EmailQueue", seconds = 300 }, RetryQueue = { queue_name = "mail-RetryQueue", seconds = 1200 } }
  bulk_queue_name                       = "mail-BulkQueue"
  event_bus_name                        = "mail-EmailBus"
  rule_names                            = ["mail-EmailEventRule", "mail-BulkEventRule"]
  feedback_queue_arn                    = "arn:aws:sqs:eu-west-1:123456789012:mail-FeedbackQueue"
  dead_letter_queue_arn                 = "arn:aws:sqs:eu-west-1:123456789012:mail-FeedbackProcessorDLQ"
  bounce_rate_alarm_threshold           = 0.03
  complaint_rate_alarm_threshold        = 0.0005
  bounce_rate_pause_threshold           = 0.05
  complaint_rate_pause_threshold        = 0.001
  breaker_mode                          = "pause"
  reputation_alarm_period               = 3600
  lambda_error_alarm_threshold          = 50
  lambda_error_alarm_evaluation_periods = 2
  daily_quota_reserve                   = 0.1
  kms_key_arn                           = null
  alarm_actions                         = []
}

run "every_alarm_has_its_metric_and_publishes_both_changes" {
  command = plan

  assert {
    condition     = aws_sns_topic_subscription.admin.protocol == "email" && aws_sns_topic_subscription.admin.endpoint == "ops@example.com"
    error_message = "Every alarm must be emailed to the admin."
  }

  assert {
    condition = jsondecode(aws_sns_topic.this.policy).Statement == [{
      Sid       = "PublishedByAlarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = "arn:aws:sns:eu-west-1:123456789012:mail-Alarms"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:mail-*" }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }]
    error_message = "Only the engine's own alarms may publish."
  }

  assert {
    condition = (
      aws_sns_topic_subscription.breaker.protocol == "sqs" && aws_sns_topic_subscription.breaker.endpoint == var.feedback_queue_arn &&
      aws_sns_topic_subscription.breaker.filter_policy_scope == "MessageBody" &&
      jsondecode(aws_sns_topic_subscription.breaker.filter_policy) == { AlarmName = ["mail-SES-BounceRate-Pause", "mail-SES-ComplaintRate-Pause"] }
    )
    error_message = "The two pause alarms, and only they, must reach the feedback processor."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.breaker.redrive_policy) == { deadLetterTargetArn = var.dead_letter_queue_arn }
    error_message = "A pause alarm that cannot be delivered must go to the dead-letter queue."
  }

  assert {
    condition     = toset([for alarm in aws_cloudwatch_metric_alarm.dead_letter_depth : alarm.alarm_name]) == toset(["mail-EmailQueueDLQ-Depth", "mail-FeedbackDLQ-Depth"])
    error_message = "Each dead-letter queue must have its alarm, under the documented name."
  }

  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.dead_letter_depth :
      alarm.namespace == "AWS/SQS" && alarm.metric_name == "ApproximateNumberOfMessagesVisible" && alarm.statistic == "Maximum" &&
      alarm.threshold == 0 && alarm.comparison_operator == "GreaterThanThreshold" && alarm.evaluation_periods == 1 && alarm.period == 60
    ])
    error_message = "One message for one minute must be enough."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.dead_letter_depth["FeedbackDLQ"].dimensions == tomap({ QueueName = "mail-FeedbackProcessorDLQ" })
    error_message = "The alarm must watch the queue that it is named after."
  }

  assert {
    condition = { for key, alarm in merge(
      { for key, alarm in aws_cloudwatch_metric_alarm.reputation : key => alarm },
      { for key, alarm in aws_cloudwatch_metric_alarm.reputation_pause : "${key}Pause" => alarm },
      ) : alarm.alarm_name => join(" ", [alarm.namespace, alarm.metric_name, alarm.statistic, alarm.period, alarm.evaluation_periods, alarm.threshold, alarm.comparison_operator]) } == {
      "mail-SES-BounceRate"          = "AWS/SES Reputation.BounceRate Average 3600 2 0.03 GreaterThanThreshold"
      "mail-SES-ComplaintRate"       = "AWS/SES Reputation.ComplaintRate Average 3600 2 0.0005 GreaterThanThreshold"
      "mail-SES-BounceRate-Pause"    = "AWS/SES Reputation.BounceRate Maximum 300 1 0.05 GreaterThanThreshold"
      "mail-SES-ComplaintRate-Pause" = "AWS/SES Reputation.ComplaintRate Maximum 300 1 0.001 GreaterThanThreshold"
    }
    error_message = "Metrics, thresholds and periods of the reputation alarms."
  }

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.reputation), values(aws_cloudwatch_metric_alarm.reputation_pause)) :
      alarm.treat_missing_data == "ignore" && alarm.dimensions == null
    ])
    error_message = "SES publishes these rates irregularly, without dimensions: missing data must not clear an alarm."
  }

  assert {
    condition = alltrue([for alarm in concat(
      values(aws_cloudwatch_metric_alarm.dead_letter_depth), values(aws_cloudwatch_metric_alarm.function_errors),
      values(aws_cloudwatch_metric_alarm.reputation), values(aws_cloudwatch_metric_alarm.reputation_pause),
      [aws_cloudwatch_metric_alarm.sender_refused, aws_cloudwatch_metric_alarm.sending_paused, aws_cloudwatch_metric_alarm.waiting_transient, aws_cloudwatch_metric_alarm.throttles, aws_cloudwatch_metric_alarm.daily_quota, aws_cloudwatch_metric_alarm.undeliverable, aws_cloudwatch_metric_alarm.bulk_queue_age, aws_cloudwatch_metric_alarm.feedback_silent], values(aws_cloudwatch_metric_alarm.queue_age),
      ) :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:mail-Alarms"]) && alarm.ok_actions == toset(["arn:aws:sns:eu-west-1:123456789012:mail-Alarms"])
    ])
    error_message = "Every alarm must publish when it fires and when it clears."
  }

  assert {
    condition = alltrue([for alarm in concat(
      values(aws_cloudwatch_metric_alarm.dead_letter_depth), values(aws_cloudwatch_metric_alarm.function_errors),
      [aws_cloudwatch_metric_alarm.sender_refused, aws_cloudwatch_metric_alarm.waiting_transient, aws_cloudwatch_metric_alarm.throttles, aws_cloudwatch_metric_alarm.daily_quota, aws_cloudwatch_metric_alarm.undeliverable, aws_cloudwatch_metric_alarm.bulk_queue_age, aws_cloudwatch_metric_alarm.feedback_silent], values(aws_cloudwatch_metric_alarm.queue_age),
      ) : alarm.treat_missing_data == "notBreaching"
    ])
    error_message = "An idle engine must not fire an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.sending_paused.treat_missing_data == "ignore"
    error_message = "A pause without mail emits nothing: its alarm must last until a zero ends it."
  }

  assert {
    condition = output.alarm_names == tolist([
      "mail-BulkQueue-Age", "mail-Daily-Quota", "mail-EmailQueue-Age", "mail-EmailQueueDLQ-Depth", "mail-EmailSender-Errors", "mail-EventBridge-Undeliverable",
      "mail-Feedback-Silent", "mail-FeedbackDLQ-Depth", "mail-RetryQueue-Age", "mail-SES-BounceRate", "mail-SES-BounceRate-Pause", "mail-SES-ComplaintRate", "mail-SES-ComplaintRate-Pause", "mail-Sender-Refused",
      "mail-Sending-Paused", "mail-Throttles", "mail-Waiting-Transient",
    ])
    error_message = "The output must list every alarm."
  }
}

run "an_event_that_no_rule_could_deliver_fires_an_alarm" {
  command = plan

  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.undeliverable.metric_query :
      query.id => join(" ", [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].stat, query.metric[0].period, jsonencode(query.metric[0].dimensions)]) if length(query.metric) > 0 } == {
      events0       = "AWS/Events FailedInvocations Sum 60 {\"EventBusName\":\"mail-EmailBus\",\"RuleName\":\"mail-EmailEventRule\"}"
      events1       = "AWS/Events FailedInvocations Sum 60 {\"EventBusName\":\"mail-EmailBus\",\"RuleName\":\"mail-BulkEventRule\"}"
      dead_letters0 = "AWS/Events InvocationsFailedToBeSentToDlq Sum 60 {\"EventBusName\":\"mail-EmailBus\",\"RuleName\":\"mail-EmailEventRule\"}"
      dead_letters1 = "AWS/Events InvocationsFailedToBeSentToDlq Sum 60 {\"EventBusName\":\"mail-EmailBus\",\"RuleName\":\"mail-BulkEventRule\"}"
    }
    error_message = "Both metrics of every rule must be read with both dimensions: with one, they are the default bus's."
  }

  assert {
    condition = (
      one([for query in aws_cloudwatch_metric_alarm.undeliverable.metric_query : query.expression if query.return_data == true]) ==
      "FILL(dead_letters0, 0) + FILL(dead_letters1, 0) + FILL(events0, 0) + FILL(events1, 0)"
    )
    error_message = "EventBridge reports these metrics only when they are not zero, so what is missing must count as zero."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.undeliverable.threshold == 0 &&
      aws_cloudwatch_metric_alarm.undeliverable.evaluation_periods == 15 && aws_cloudwatch_metric_alarm.undeliverable.datapoints_to_alarm == 1 &&
      aws_cloudwatch_metric_alarm.undeliverable.comparison_operator == "GreaterThanThreshold"
    )
    error_message = "One lost event must be enough, also where EventBridge reports it minutes later."
  }
}

run "bulk_mail_that_does_not_move_and_silence_of_ses_fire_alarms" {
  command = plan

  assert {
    condition = { for alarm in [aws_cloudwatch_metric_alarm.bulk_queue_age, aws_cloudwatch_metric_alarm.feedback_silent] :
      alarm.alarm_name => concat(
        [join(" ", [alarm.comparison_operator, alarm.threshold, alarm.evaluation_periods])],
        [for query in alarm.metric_query : "${query.id}: ${query.expression}" if query.return_data == true],
        [for query in alarm.metric_query : "${query.id}: ${join(" ", [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].stat, query.metric[0].period, jsonencode(query.metric[0].dimensions)])}" if length(query.metric) > 0],
      ) } == {
      "mail-BulkQueue-Age" = [
        "GreaterThanThreshold 900 1",
        "stuck: IF(sent > 0 * age, 0, age)",
        "age: AWS/SQS ApproximateAgeOfOldestMessage Maximum 900 {\"QueueName\":\"mail-BulkQueue\"}",
        "sent: SESMail BulkEmailSent Sum 900 {\"Name\":\"mail\"}",
      ]
      "mail-Feedback-Silent" = [
        "GreaterThanThreshold 0 2",
        "silent: IF(FILL(sent, 0) >= 5 AND FILL(recorded, 0) == 0, 1, 0)",
        "recorded: SESMail FeedbackRecorded Sum 900 {\"Name\":\"mail\"}",
        "sent: SESMail EmailSent Sum 900 {\"Name\":\"mail\"}",
      ]
    }
    error_message = "Metrics, dimensions, periods and expressions; what is missing must count as zero."
  }
}

run "texts_say_what_ses_does_and_what_to_run" {
  command = plan

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.reputation_pause : key => alarm.alarm_description } == {
      BounceRate    = "The account's Reputation.BounceRate is above 5 %, and the engine has paused all sending. SES reviews accounts at 5 % bounces and pauses their sending at 10 %. Find the cause, then run sesmail resume --all"
      ComplaintRate = "The account's Reputation.ComplaintRate is above 0.1 %, and the engine has paused all sending. SES reviews accounts at 0.1 % complaints and pauses their sending at 0.5 %. Find the cause, then run sesmail resume --all"
    }
    error_message = "The texts of the pause alarms."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.reputation : strcontains(alarm.alarm_description, "sesmail pause --producer SOURCE")])
    error_message = "A warning must name the command that stops a producer."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.dead_letter_depth["FeedbackDLQ"].alarm_description == "Messages in mail-FeedbackProcessorDLQ: run sesmail redrive FeedbackProcessorDLQ"
    error_message = "The command takes the queue's name without the engine's."
  }
}

run "thresholds_follow_their_variables" {
  command = plan

  variables {
    lambda_error_alarm_threshold          = 7
    lambda_error_alarm_evaluation_periods = 3
    daily_quota_reserve                   = 0.2
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.function_errors["EmailSender"].alarm_name == "mail-EmailSender-Errors" &&
      aws_cloudwatch_metric_alarm.function_errors["EmailSender"].threshold == 7 &&
      aws_cloudwatch_metric_alarm.function_errors["EmailSender"].evaluation_periods == 3 &&
      aws_cloudwatch_metric_alarm.function_errors["EmailSender"].comparison_operator == "GreaterThanThreshold"
    )
    error_message = "Name, threshold and periods must follow the variables."
  }

  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.function_errors["EmailSender"].metric_query : query.expression if query.return_data == true]) == "FILL(errors, 0) + FILL(failed, 0)"
    error_message = "A partial batch failure is no Lambda error, so both must be added up."
  }

  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.function_errors["EmailSender"].metric_query :
      query.id => join(" ", [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].stat, query.metric[0].period, jsonencode(query.metric[0].dimensions)]) if length(query.metric) > 0 } == {
      errors = "AWS/Lambda Errors Sum 300 {\"FunctionName\":\"mail-EmailSender\"}"
      failed = "SESMail RecordFailed Sum 300 {\"FunctionName\":\"mail-EmailSender\",\"Name\":\"mail\"}"
    }
    error_message = "Both metrics must be read under the exact names and dimensions that AWS and the engine emit."
  }

  assert {
    condition = { for alarm in concat([aws_cloudwatch_metric_alarm.sender_refused, aws_cloudwatch_metric_alarm.sending_paused, aws_cloudwatch_metric_alarm.waiting_transient, aws_cloudwatch_metric_alarm.daily_quota], values(aws_cloudwatch_metric_alarm.queue_age)) :
      alarm.alarm_name => join(" ", [alarm.namespace, alarm.metric_name, jsonencode(alarm.dimensions), alarm.statistic, alarm.period, alarm.evaluation_periods, alarm.threshold, alarm.comparison_operator]) } == {
      "mail-Sender-Refused"    = "SESMail SenderRefused {\"Name\":\"mail\"} Sum 300 1 2 GreaterThanThreshold"
      "mail-Sending-Paused"    = "SESMail SendingPaused {\"Name\":\"mail\"} Maximum 60 1 0 GreaterThanThreshold"
      "mail-EmailQueue-Age"    = "AWS/SQS ApproximateAgeOfOldestMessage {\"QueueName\":\"mail-EmailQueue\"} Maximum 60 3 300 GreaterThanThreshold"
      "mail-RetryQueue-Age"    = "AWS/SQS ApproximateAgeOfOldestMessage {\"QueueName\":\"mail-RetryQueue\"} Maximum 60 3 1200 GreaterThanThreshold"
      "mail-Waiting-Transient" = "SESMail TransientErrorAge {\"Name\":\"mail\"} Maximum 300 1 300 GreaterThanThreshold"
      "mail-Daily-Quota"       = "SESMail DailyQuotaUsed {\"Name\":\"mail\"} Maximum 300 1 0.8 GreaterThanThreshold"
    }
    error_message = "Pause, age and quota must be watched under the exact names that are emitted."
  }
}

run "a_breaker_that_only_alarms_has_an_alarm" {
  command = plan

  variables {
    breaker_mode = "alarm"
  }

  assert {
    condition = { for alarm in aws_cloudwatch_metric_alarm.breaker_tripped :
      alarm.alarm_name => join(" ", [alarm.namespace, alarm.metric_name, jsonencode(alarm.dimensions), alarm.statistic, alarm.period, alarm.evaluation_periods, alarm.threshold, alarm.comparison_operator]) } == {
      "mail-Breaker-Tripped" = "SESMail BreakerTripped {\"Name\":\"mail\"} Maximum 60 1 0 GreaterThanThreshold"
    }
    error_message = "With breaker_mode = alarm, an alarm must fire instead of a pause."
  }
}

run "a_status_that_another_account_rejected_is_no_work_for_redrive" {
  command = plan

  variables {
    dead_letter_queue_names = { StatusEventsDLQ = "mail-StatusEventsDLQ" }
  }

  assert {
    condition = (
      strcontains(aws_cloudwatch_metric_alarm.dead_letter_depth["StatusEventsDLQ"].alarm_description, "ERROR_MESSAGE") &&
      !strcontains(aws_cloudwatch_metric_alarm.dead_letter_depth["StatusEventsDLQ"].alarm_description, "redrive")
    )
    error_message = "The alarm must name what helps."
  }
}
