mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mock" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  admin_email          = "ops@example.com"
  default_sender_email = "no-reply@example.com"
  package_dir          = "tests/package"
}

run "values_below_their_range_are_rejected" {
  command = plan

  variables {
    name                                  = "m"
    environment                           = "test"
    default_sender_name                   = "Two\nlines"
    status_event_source                   = "aws.mail"
    data_retention_days                   = 29
    kms_key_arn                           = "alias/aws/sns"
    configuration_set_name                = "with space"
    layer_delivery                        = "none"
    lambda_architecture                   = "riscv"
    lambda_runtime                        = "python3.9"
    log_level                             = "info"
    log_retention_days                    = 2
    email_sender_timeout                  = 9
    email_sender_concurrency              = 1
    bulk_sender_concurrency               = 1
    feedback_processor_memory             = 64
    feedback_processor_timeout            = 4
    feedback_processor_concurrency        = 1
    lambda_error_alarm_threshold          = 0
    lambda_error_alarm_evaluation_periods = 0
    allowed_sender_addresses              = ["example.org"]
    unknown_fields                        = "ignore"
    max_message_mb                        = 0
    max_request_kb                        = 63
    max_schedule_days                     = -1
    max_hold_hours                        = -1
    max_send_rate                         = 0
    rate_utilisation                      = 0
    bulk_rate_share                       = 0
    daily_quota_reserve                   = -0.1
    on_unknown_outcome                    = "retry"
    soft_bounce_retries                   = -1
    soft_bounce_retry_delay_seconds       = -1
    consecutive_soft_bounce_threshold     = 1
    bounce_rate_alarm_threshold           = 0
    complaint_rate_alarm_threshold        = 0
    reputation_alarm_period               = 60
    breaker_mode                          = "off"
    breaker_min_emails                    = 0
    breaker_min_bounces                   = 0
    breaker_min_complaints                = 0
    breaker_cooldown_minutes              = -1
  }

  expect_failures = [
    var.name,
    var.environment,
    var.default_sender_name,
    var.status_event_source,
    var.data_retention_days,
    var.kms_key_arn,
    var.configuration_set_name,
    var.layer_delivery,
    var.lambda_architecture,
    var.lambda_runtime,
    var.log_level,
    var.log_retention_days,
    var.email_sender_timeout,
    var.email_sender_concurrency,
    var.bulk_sender_concurrency,
    var.feedback_processor_memory,
    var.feedback_processor_timeout,
    var.feedback_processor_concurrency,
    var.lambda_error_alarm_threshold,
    var.lambda_error_alarm_evaluation_periods,
    var.allowed_sender_addresses,
    var.unknown_fields,
    var.max_message_mb,
    var.max_request_kb,
    var.max_schedule_days,
    var.max_hold_hours,
    var.max_send_rate,
    var.rate_utilisation,
    var.bulk_rate_share,
    var.daily_quota_reserve,
    var.on_unknown_outcome,
    var.soft_bounce_retries,
    var.soft_bounce_retry_delay_seconds,
    var.consecutive_soft_bounce_threshold,
    var.bounce_rate_alarm_threshold,
    var.complaint_rate_alarm_threshold,
    var.reputation_alarm_period,
    var.breaker_mode,
    var.breaker_min_emails,
    var.breaker_min_bounces,
    var.breaker_min_complaints,
    var.breaker_cooldown_minutes,
  ]
}

run "values_above_their_range_are_rejected" {
  command = plan

  variables {
    name                                  = "a-name-of-more-than-forty-letters-is-too-lo"
    default_sender_name                   = "a name of more than sixty-four letters a name of more than sixty-fo"
    status_event_source                   = "my mail"
    data_retention_days                   = 366
    configuration_set_name                = "a-name-of-more-than-sixty-four-letters-a-name-of-more-than-sixty-f"
    email_sender_timeout                  = 61
    email_sender_concurrency              = 1001
    bulk_sender_concurrency               = 1001
    feedback_processor_memory             = 1024
    feedback_processor_timeout            = 31
    feedback_processor_concurrency        = 1001
    lambda_error_alarm_threshold          = 1001
    lambda_error_alarm_evaluation_periods = 11
    max_message_mb                        = 40.1
    max_request_kb                        = 1025
    max_schedule_days                     = 366
    max_hold_hours                        = 337
    max_send_rate                         = 100001
    rate_utilisation                      = 1.01
    bulk_rate_share                       = 1.01
    daily_quota_reserve                   = 0.91
    soft_bounce_retries                   = 4
    soft_bounce_retry_delay_seconds       = 43201
    consecutive_soft_bounce_threshold     = 11
    bounce_rate_alarm_threshold           = 0.6
    complaint_rate_alarm_threshold        = 0.6
    breaker_min_emails                    = 1000001
    breaker_min_bounces                   = 1000001
    breaker_min_complaints                = 1000001
    breaker_cooldown_minutes              = 1441
  }

  expect_failures = [
    var.name,
    var.default_sender_name,
    var.status_event_source,
    var.data_retention_days,
    var.configuration_set_name,
    var.email_sender_timeout,
    var.email_sender_concurrency,
    var.bulk_sender_concurrency,
    var.feedback_processor_memory,
    var.feedback_processor_timeout,
    var.feedback_processor_concurrency,
    var.lambda_error_alarm_threshold,
    var.lambda_error_alarm_evaluation_periods,
    var.max_message_mb,
    var.max_request_kb,
    var.max_schedule_days,
    var.max_hold_hours,
    var.max_send_rate,
    var.rate_utilisation,
    var.bulk_rate_share,
    var.daily_quota_reserve,
    var.soft_bounce_retries,
    var.soft_bounce_retry_delay_seconds,
    var.consecutive_soft_bounce_threshold,
    var.bounce_rate_alarm_threshold,
    var.complaint_rate_alarm_threshold,
    var.breaker_min_emails,
    var.breaker_min_bounces,
    var.breaker_min_complaints,
    var.breaker_cooldown_minutes,
  ]
}

run "too_small_a_memory_and_a_negative_archive_are_rejected" {
  command = plan

  variables {
    archive_days        = -1
    email_sender_memory = 128
  }

  expect_failures = [var.archive_days, var.email_sender_memory]
}

run "an_archive_of_over_ten_years_is_rejected" {
  command = plan

  variables {
    archive_days        = 3651
    email_sender_memory = 2048
  }

  expect_failures = [var.archive_days, var.email_sender_memory]
}

run "fractions_are_rejected_where_only_whole_numbers_make_sense" {
  command = plan

  variables {
    data_retention_days                   = 30.5
    email_sender_timeout                  = 10.5
    email_sender_concurrency              = 2.5
    bulk_sender_concurrency               = 2.5
    feedback_processor_timeout            = 5.5
    feedback_processor_concurrency        = 2.5
    lambda_error_alarm_evaluation_periods = 1.5
    max_schedule_days                     = 1.5
    soft_bounce_retries                   = 0.5
    consecutive_soft_bounce_threshold     = 2.5
    breaker_min_emails                    = 1.5
    breaker_min_bounces                   = 1.5
    breaker_min_complaints                = 1.5
  }

  expect_failures = [
    var.data_retention_days,
    var.email_sender_timeout,
    var.email_sender_concurrency,
    var.bulk_sender_concurrency,
    var.feedback_processor_timeout,
    var.feedback_processor_concurrency,
    var.lambda_error_alarm_evaluation_periods,
    var.max_schedule_days,
    var.soft_bounce_retries,
    var.consecutive_soft_bounce_threshold,
    var.breaker_min_emails,
    var.breaker_min_bounces,
    var.breaker_min_complaints,
  ]
}

run "a_part_of_a_day_is_no_archive" {
  command = plan

  variables {
    archive_days = 1.5
  }

  expect_failures = [var.archive_days]
}

run "names_that_ssm_reserves_are_rejected" {
  command = plan

  variables {
    name = "aws-mail"
  }

  expect_failures = [var.name]
}

run "addresses_must_be_addresses" {
  command = plan

  variables {
    admin_email          = "Ops <ops@example.com>"
    default_sender_email = "no-reply"
  }

  expect_failures = [
    var.admin_email,
    var.default_sender_email,
  ]
}

run "a_pause_below_the_warning_is_rejected" {
  command = plan

  variables {
    bounce_rate_pause_threshold    = 0.02
    complaint_rate_pause_threshold = 0.0004
  }

  expect_failures = [
    var.bounce_rate_pause_threshold,
    var.complaint_rate_pause_threshold,
  ]
}

run "a_pause_that_cannot_happen_is_rejected" {
  command = plan

  variables {
    bounce_rate_pause_threshold    = 1
    complaint_rate_pause_threshold = 1
  }

  expect_failures = [
    var.bounce_rate_pause_threshold,
    var.complaint_rate_pause_threshold,
  ]
}

run "restricting_without_principals_is_rejected" {
  command = plan

  variables {
    restrict_producers = true
  }

  expect_failures = [
    var.restrict_producers,
  ]
}

run "the_memory_must_fit_the_largest_message" {
  command = plan

  variables {
    email_sender_memory = 256
    max_message_mb      = 4.81
  }

  expect_failures = [var.email_sender_memory]
}

run "the_archive_does_not_outlive_the_records" {
  command = plan

  variables {
    data_retention_days = 30
    archive_days        = 31
  }

  expect_failures = [var.archive_days]
}
