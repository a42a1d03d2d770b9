mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mock" }
  }
}

variables {
  name                    = "mail"
  account                 = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  admin_email             = "ops@example.com"
  dead_letter_queue_names = { EmailQueueDLQ = "mail-EmailQueueDLQ", FeedbackDLQ = "mail-FeedbackProcessorDLQ" }
  function_names          = { EmailSender = "mail-EmailSender" }
  email_queue_name        = "mail-EmailQueue"
  feedback_queue_arn      = "arn:aws:sqs:eu-west-1:123456789012:mail-FeedbackQueue"
  dead_letter_queue_arn   = "arn:aws:sqs:eu-west-1:123456789012:mail-FeedbackProcessorDLQ"
}

run "values_below_their_range_are_refused" {
  command = plan

  variables {
    name                                  = "m"
    account                               = { partition = "aws", region = "eu-west-1", id = "1234" }
    admin_email                           = "Ops <ops@example.com>"
    dead_letter_queue_names               = {}
    function_names                        = {}
    feedback_queue_arn                    = "mail-FeedbackQueue"
    dead_letter_queue_arn                 = "mail-FeedbackProcessorDLQ"
    bounce_rate_alarm_threshold           = 0
    complaint_rate_alarm_threshold        = 0
    breaker_mode                          = "off"
    reputation_alarm_period               = 60
    lambda_error_alarm_threshold          = 0
    lambda_error_alarm_evaluation_periods = 0
    daily_quota_reserve                   = -0.1
    kms_key_arn                           = "alias/aws/sns"
  }

  expect_failures = [
    var.name, var.account, var.admin_email, var.dead_letter_queue_names, var.function_names, var.feedback_queue_arn, var.dead_letter_queue_arn,
    var.bounce_rate_alarm_threshold, var.complaint_rate_alarm_threshold, var.breaker_mode, var.reputation_alarm_period,
    var.lambda_error_alarm_threshold, var.lambda_error_alarm_evaluation_periods, var.daily_quota_reserve, var.kms_key_arn,
  ]
}

run "values_above_their_range_are_refused" {
  command = plan

  variables {
    bounce_rate_alarm_threshold           = 1
    complaint_rate_alarm_threshold        = 1
    lambda_error_alarm_threshold          = 1001
    lambda_error_alarm_evaluation_periods = 11
    daily_quota_reserve                   = 0.91
  }

  expect_failures = [
    var.bounce_rate_alarm_threshold, var.complaint_rate_alarm_threshold, var.lambda_error_alarm_threshold, var.lambda_error_alarm_evaluation_periods, var.daily_quota_reserve,
  ]
}

run "a_pause_below_the_warning_is_refused" {
  command = plan

  variables {
    bounce_rate_pause_threshold    = 0.02
    complaint_rate_pause_threshold = 0.0004
  }

  expect_failures = [var.bounce_rate_pause_threshold, var.complaint_rate_pause_threshold]
}

run "a_pause_that_cannot_happen_is_refused" {
  command = plan

  variables {
    bounce_rate_pause_threshold    = 1
    complaint_rate_pause_threshold = 1
  }

  expect_failures = [var.bounce_rate_pause_threshold, var.complaint_rate_pause_threshold]
}
