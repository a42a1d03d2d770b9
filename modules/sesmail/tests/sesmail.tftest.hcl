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

override_resource {
  target          = module.email_sender.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/path/SenderRole" }
}

override_resource {
  target          = module.feedback_processor.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/path/FeedbackRole" }
}

run "the_lowest_values_are_accepted" {
  command = plan

  variables {
    name                                  = "ma"
    data_retention_days                   = 30
    archive_days                          = 0
    log_retention_days                    = 1
    email_sender_memory                   = 256
    email_sender_timeout                  = 10
    email_sender_concurrency              = 2
    bulk_sender_concurrency               = 2
    feedback_processor_memory             = 128
    feedback_processor_timeout            = 5
    feedback_processor_concurrency        = 2
    lambda_error_alarm_threshold          = 1
    lambda_error_alarm_evaluation_periods = 1
    max_message_mb                        = 0.1
    max_request_kb                        = 64
    max_schedule_days                     = 0
    max_hold_hours                        = 0
    max_send_rate                         = 0.1
    rate_utilisation                      = 0.05
    bulk_rate_share                       = 0.05
    daily_quota_reserve                   = 0
    claim_settle_seconds                  = 130
    soft_bounce_retries                   = 0
    soft_bounce_retry_delay_seconds       = 0
    consecutive_soft_bounce_threshold     = 2
    bounce_rate_alarm_threshold           = 0.001
    complaint_rate_alarm_threshold        = 0.0001
    bounce_rate_pause_threshold           = 0.001
    complaint_rate_pause_threshold        = 0.0001
    reputation_alarm_period               = 300
    breaker_min_emails                    = 1
    breaker_min_bounces                   = 1
    breaker_min_complaints                = 1
    breaker_cooldown_minutes              = 0
    default_producer                      = { enabled = false }
    producers                             = { "a" = { templates = ["*"], senders = ["*@example.com"], recipient_domains = ["example.com", "*.example.com"], attachment_prefixes = ["s3://bucket/"], emails_per_day = 0, first_contacts_per_hour = 0, priority = "bulk", principals = ["arn:aws:iam::123456789012:role/a"] } }
  }

  assert {
    condition     = output.event_bus_name == "ma-EmailBus"
    error_message = "The edges of the ranges belong to them."
  }
}

run "the_highest_values_are_accepted" {
  command = plan

  variables {
    name                                  = "a-name-of-forty-letters-is-just-short-en"
    environment                           = "dev"
    delivery                              = { mode = "redirect", to = "dev@example.com" }
    data_retention_days                   = 365
    archive_days                          = 365
    log_retention_days                    = 3653
    email_sender_memory                   = 1024
    email_sender_timeout                  = 60
    email_sender_concurrency              = 1000
    bulk_sender_concurrency               = 1000
    feedback_processor_memory             = 512
    feedback_processor_timeout            = 30
    feedback_processor_concurrency        = 1000
    lambda_error_alarm_threshold          = 1000
    lambda_error_alarm_evaluation_periods = 10
    max_message_mb                        = 40
    max_request_kb                        = 256
    max_schedule_days                     = 365
    max_hold_hours                        = 336
    max_send_rate                         = 100000
    rate_utilisation                      = 1
    bulk_rate_share                       = 1
    daily_quota_reserve                   = 0.9
    claim_settle_seconds                  = 86400
    soft_bounce_retries                   = 3
    soft_bounce_retry_delay_seconds       = 43200
    consecutive_soft_bounce_threshold     = 10
    bounce_rate_alarm_threshold           = 0.5
    complaint_rate_alarm_threshold        = 0.5
    bounce_rate_pause_threshold           = 0.99
    complaint_rate_pause_threshold        = 0.99
    breaker_min_emails                    = 1000000
    breaker_cooldown_minutes              = 1440
    on_unknown_outcome                    = "fail"
    unknown_fields                        = "refuse"
    breaker_mode                          = "alarm"
    layer_delivery                        = "bundled"
    lambda_architecture                   = "x86_64"
    lambda_runtime                        = "python3.11"
  }

  assert {
    condition     = output.template_bucket_name == "${var.name}-templates-123456789012" && length(output.template_bucket_name) <= 63
    error_message = "The longest name must still make a bucket name of 63 characters."
  }

  assert {
    condition     = aws_cloudwatch_event_archive.this[0].retention_days == 365 && length(aws_cloudwatch_event_archive.this[0].name) <= 48
    error_message = "The archive must be kept as long as asked for, under a name of at most 48 characters."
  }

  assert {
    condition     = length(module.layer) == 0
    error_message = "Bundled packages need no layer."
  }
}

run "producers_rules_and_outputs_are_as_documented" {
  command = plan

  variables {
    producers = {
      "shop.orders" = {
        templates               = ["purchase-*"]
        senders                 = ["orders@example.com"]
        recipient_domains       = ["example.com"]
        attachment_prefixes     = ["s3://invoices/2026/"]
        emails_per_day          = 500
        first_contacts_per_hour = 20
        priority                = "bulk"
      }
    }
    default_producer = { enabled = false }
  }

  assert {
    condition = jsondecode(output.customer_iam_policy).Statement == [{
      Sid       = "RequestEmails"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:eu-west-1:123456789012:event-bus/sesmailengine-EmailBus"
      Condition = { StringEquals = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"] } }
    }]
    error_message = "The customer policy must allow requests and cancellations on the bus, and nothing else."
  }

  assert {
    condition     = jsondecode(output.producer_policies["shop.orders"]).Statement[0].Condition.StringEquals == { "events:source" = "shop.orders", "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"] }
    error_message = "A producer's policy must be bound to its source."
  }

  assert {
    condition     = output.install_templates_command == "aws lambda invoke --function-name sesmailengine-TemplateSeeder --cli-binary-format raw-in-base64-out --payload '{}' /dev/stdout"
    error_message = "The command must name the seeder."
  }

  assert {
    condition     = output.alarm_notification_topic_arn == "arn:aws:sns:eu-west-1:123456789012:sesmailengine-Alarms" && output.ses_configuration_set_name == "sesmailengine-ConfigSet"
    error_message = "Topic and configuration set must have the documented names."
  }

  assert {
    condition = jsondecode(aws_dynamodb_table_item.producer["shop.orders"].item) == {
      pk                   = { S = "producer#shop.orders" }
      enabled              = { BOOL = true }
      templates            = { L = [{ S = "purchase-*" }] }
      senders              = { L = [{ S = "orders@example.com" }] }
      recipientDomains     = { L = [{ S = "example.com" }] }
      attachmentPrefixes   = { L = [{ S = "s3://invoices/2026/" }] }
      emailsPerDay         = { N = "500" }
      firstContactsPerHour = { N = "20" }
      priority             = { S = "bulk" }
    }
    error_message = "The item is what the sender reads."
  }

  assert {
    condition     = jsondecode(aws_dynamodb_table_item.producer["*"].item) == { pk = { S = "producer#*" }, enabled = { BOOL = false } }
    error_message = "Other sources must follow default_producer; what has no limit is left out."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement == [{
      Sid       = "DenyStatusEventsOfOthers"
      Effect    = "Deny"
      Principal = "*"
      Action    = "events:PutEvents"
      Resource  = output.event_bus_arn
      Condition = {
        "ForAnyValue:StringEquals" = { "events:source" = ["sesmailengine"] }
        ArnNotLike                 = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/path/SenderRole", "arn:aws:iam::123456789012:role/path/FeedbackRole"] }
      }
    }]
    error_message = "Only the engine's own roles may publish under its source."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this["bulk"].event_pattern) == {
      "detail-type" = ["Email Request"]
      detail        = { priority = ["bulk"] }
    }
    error_message = "Only requests with priority bulk are bulk."
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudwatch_event_rule.this["email"].event_pattern)) == jsonencode({
      "detail-type" = ["Email Request"]
      detail        = { priority = [{ "anything-but" = ["bulk"] }, null, { exists = false }] }
    })
    error_message = "All others, including absent and null, are transactional."
  }

  assert {
    condition     = jsonencode(jsondecode(aws_cloudwatch_event_rule.this["command"].event_pattern)) == jsonencode({ "detail-type" = ["Email Cancel Requested", "Email Unsubscribe Requested"] }) && aws_cloudwatch_event_rule.this["command"].name == "sesmailengine-CommandEventRule"
    error_message = "Cancellations have a rule of their own."
  }
}

run "keys_are_deleted_only_with_the_data" {
  command = plan

  variables {
    retain_data_on_delete = false
  }

  assert {
    condition     = aws_lambda_invocation.seed.lifecycle_scope == "CRUD" && jsondecode(aws_lambda_invocation.seed.input).retain_data == false
    error_message = "The seeder must be called at destroy, and know that no data is kept."
  }

  assert {
    condition     = jsonencode(local.seeder_statements[0].actions) == jsonencode(["ssm:PutParameter", "ssm:DeleteParameter"]) && local.seeder_statements[0].resources[0] == "arn:aws:ssm:eu-west-1:123456789012:parameter/sesmailengine/keys/*"
    error_message = "The seeder must be able to delete its keys, and no other parameter."
  }
}

run "senders_are_compared_with_case_but_for_their_domains" {
  command = plan

  variables {
    default_sender_email     = "No-Reply@Example.COM"
    allowed_sender_addresses = ["Billing@Example.org"]
    producers                = { "shop" = { senders = ["*@SHOP.example.com"] } }
  }

  assert {
    condition     = jsondecode(aws_dynamodb_table_item.role_senders.item) == { pk = { S = "role-senders" }, addresses = { L = [for address in ["*@example.com", "Billing@example.org", "*@shop.example.com"] : { S = address }] } }
    error_message = "Domains must be in lower case, as the engine sends them, and what is before the @ as it was given."
  }
}

# With provider 5.100, which the tests run with; 6.8.0 takes it.
run "requests_above_256_kb_need_a_provider_whose_queues_take_them" {
  command = plan

  variables {
    max_request_kb = 257
  }

  expect_failures = [data.aws_region.current]
}
