# ---------------------------------------------------------------------------------------------------------------------
# The whole engine. This file: names, and the parts that depend on no other. queues.tf is the bus and what it feeds,
# functions.tf the three Lambdas, permissions.tf what they may do, producers.tf and bus_policy.tf who may send,
# status_buses.tf what goes to other accounts, unsubscribe.tf the page behind links, starters.tf the first templates.
# ---------------------------------------------------------------------------------------------------------------------

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {
  lifecycle {
    postcondition {
      # Provider 6 gave this data source its attribute region; 6.0 to 6.7 refuse such queues themselves.
      condition     = var.max_request_kb <= 256 || contains(keys(self), "region")
      error_message = "max_request_kb above 256 needs version 6.8.0 or later of the AWS provider: earlier versions reject queues for messages of that size. Upgrade the provider, or lower max_request_kb."
    }
  }
}

locals {
  account = {
    partition = data.aws_partition.current.partition
    region    = data.aws_region.current.id # not .name, which 6.x deprecates
    id        = data.aws_caller_identity.current.account_id
  }
  account_arn = "${local.account.region}:${local.account.id}"

  # Roles, bucket and dashboard have names of the whole account, the bucket's of all accounts.
  region_suffix = var.regional_names ? "-${local.account.region}" : ""

  bus_name          = "${var.name}-EmailBus"
  email_rule_name   = "${var.name}-EmailEventRule"
  bulk_rule_name    = "${var.name}-BulkEventRule"
  command_rule_name = "${var.name}-CommandEventRule"
  rule_names        = [local.email_rule_name, local.bulk_rule_name, local.command_rule_name]
  bus_arn           = "arn:${local.account.partition}:events:${local.account_arn}:event-bus/${local.bus_name}"
  rule_arn_prefix   = "arn:${local.account.partition}:events:${local.account_arn}:rule/${local.bus_name}"

  # Built, not read, because the queue's policy names the topics before they exist.
  feedback_topic_arn = "arn:${local.account.partition}:sns:${local.account_arn}:${var.name}-SESFeedback"
  alarm_topic_arn    = "arn:${local.account.partition}:sns:${local.account_arn}:${var.name}-Alarms"

  # The first part of each alarm's name to the queue that it watches.
  dead_letter_queues = merge(local.status_dead_letter_queues, {
    EventBridgeDLQ = module.event_bridge_dlq.name
    EmailQueueDLQ  = module.email_queue.dead_letter_name
    BulkQueueDLQ   = module.bulk_queue.dead_letter_name
    RetryDLQ       = module.retry_queue.dead_letter_name
    BulkRetryDLQ   = module.bulk_retry_queue.dead_letter_name
    FeedbackDLQ    = module.feedback_queue.dead_letter_name
  })
}

# ---------------------------------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------------------------------

module "tables" {
  source = "../tables"

  name                  = var.name
  account               = local.account
  retain_data_on_delete = var.retain_data_on_delete
  kms_key_arn           = var.data_kms_key_arn
  tags                  = var.tags

  # A destroy takes the bucket's protection (public access block, versioning, encryption, policy) before the bucket
  # itself. Of data that is to be kept it meets the tables first: DynamoDB refuses to delete them, and it ends there.
  depends_on = [module.template_bucket]
}

module "template_bucket" {
  source = "../template_bucket"

  name                  = "${var.name}-templates-${local.account.id}${local.region_suffix}"
  account               = local.account
  retain_data_on_delete = var.retain_data_on_delete
  kms_key_arn           = var.data_kms_key_arn
  tags                  = var.tags
}

# ---------------------------------------------------------------------------------------------------------------------
# SES
# ---------------------------------------------------------------------------------------------------------------------

module "ses_events" {
  source = "../ses_events"

  name                     = var.name
  account                  = local.account
  create_configuration_set = var.create_configuration_set
  configuration_set_name   = var.configuration_set_name
  tls_policy               = var.tls_policy
  open_tracking            = var.open_tracking
  click_tracking           = var.click_tracking
  tracking_domain          = var.tracking_domain
  tracking_https           = var.tracking_https
  feedback_queue_arn       = module.feedback_queue.arn
  dead_letter_queue_arn    = module.feedback_queue.dead_letter_arn
  kms_key_arn              = var.kms_key_arn
  tags                     = var.tags
}

# ---------------------------------------------------------------------------------------------------------------------
# Alarms and dashboard
# ---------------------------------------------------------------------------------------------------------------------

module "alarms" {
  source = "../alarms"

  name                    = var.name
  account                 = local.account
  admin_email             = var.admin_email
  alarm_actions           = var.alarm_actions
  dead_letter_queue_names = local.dead_letter_queues
  function_names = merge(
    { EmailSender = module.email_sender.name, FeedbackProcessor = module.feedback_processor.name },
    { for function in module.unsubscribe : "Unsubscribe" => function.name },
  )

  queue_ages = {
    EmailQueue     = { queue_name = module.email_queue.name, seconds = 300 }
    FeedbackQueue  = { queue_name = module.feedback_queue.name, seconds = 300 }
    RetryQueue     = { queue_name = module.retry_queue.name, seconds = 1200 }
    BulkRetryQueue = { queue_name = module.bulk_retry_queue.name, seconds = 1200 }
  }
  bulk_queue_name       = module.bulk_queue.name
  event_bus_name        = local.bus_name
  rule_names            = local.rule_names
  feedback_queue_arn    = module.feedback_queue.arn
  dead_letter_queue_arn = module.feedback_queue.dead_letter_arn
  kms_key_arn           = var.kms_key_arn
  tags                  = var.tags

  bounce_rate_alarm_threshold           = var.bounce_rate_alarm_threshold
  complaint_rate_alarm_threshold        = var.complaint_rate_alarm_threshold
  bounce_rate_pause_threshold           = var.bounce_rate_pause_threshold
  complaint_rate_pause_threshold        = var.complaint_rate_pause_threshold
  breaker_mode                          = var.breaker_mode
  reputation_alarm_period               = var.reputation_alarm_period
  lambda_error_alarm_threshold          = var.lambda_error_alarm_threshold
  lambda_error_alarm_evaluation_periods = var.lambda_error_alarm_evaluation_periods
  daily_quota_reserve                   = var.daily_quota_reserve
}

module "dashboard" {
  source = "../dashboard"

  name                    = var.name
  dashboard_name          = "${var.name}${local.region_suffix}"
  account                 = local.account
  event_bus_name          = local.bus_name
  rule_names              = local.rule_names
  dead_letter_queue_names = local.dead_letter_queues
  function_names          = concat([module.email_sender.name, module.feedback_processor.name], module.unsubscribe[*].name)

  queue_names = {
    Email     = module.email_queue.name
    Bulk      = module.bulk_queue.name
    Retry     = module.retry_queue.name
    BulkRetry = module.bulk_retry_queue.name
    Feedback  = module.feedback_queue.name
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Who receives mail
# ---------------------------------------------------------------------------------------------------------------------

# A warning, no error: a stage that is not prod may be the one that customers use.
check "customers_receive_no_mail_outside_prod" {
  assert {
    condition     = var.environment == "prod" || var.delivery.mode != "live"
    error_message = "environment is ${var.environment}, but delivery is live: this engine sends every request to its recipients, customers included. Set delivery = { mode = \"redirect\", to = \"you@example.com\" }, or mode = \"allow\" or \"sink\"."
  }
}
