# ---------------------------------------------------------------------------------------------------------------------
# For producers and subscribers
# ---------------------------------------------------------------------------------------------------------------------

output "event_bus_name" {
  description = "Name of the event bus for requests and status events."
  value       = aws_cloudwatch_event_bus.this.name
}

output "event_bus_arn" {
  description = "ARN of the event bus for requests and status events."
  value       = local.bus_arn
  depends_on  = [aws_cloudwatch_event_bus.this]
}

output "customer_iam_policy" {
  description = "IAM policy as JSON. It allows its holder to request and cancel emails and to unsubscribe recipients, under any event source."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RequestEmails"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = local.bus_arn
      Condition = { StringEquals = { "events:detail-type" = local.producer_detail_types } }
    }]
  })
}

output "producer_policies" {
  description = "IAM policies as JSON, by producer. Each allows its holder to request and cancel emails and to unsubscribe recipients, under that event source only."
  value = { for source in keys(var.producers) : source => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RequestEmails"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = local.bus_arn
      Condition = { StringEquals = { "events:source" = source, "events:detail-type" = local.producer_detail_types } }
    }]
  }) }
}

# ---------------------------------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------------------------------

output "template_bucket_name" {
  description = "Name of the bucket that holds the templates."
  value       = module.template_bucket.name
}

output "email_tracking_table_name" {
  description = "Name of the tracking table, with one record for each email."
  value       = module.tables.tracking_name
}

output "suppression_table_name" {
  description = "Name of the suppression table, with the suppressed addresses."
  value       = module.tables.suppression_name
}

output "control_table_name" {
  description = "Name of the control table, with the producers' policies, the counters, the breaker's state and the rate bucket."
  value       = module.tables.control_name
}

output "pending_table_name" {
  description = "Name of the pending table, with the requests that are kept for a soft-bounce retry."
  value       = module.tables.pending_name
}

# ---------------------------------------------------------------------------------------------------------------------
# Functions
# ---------------------------------------------------------------------------------------------------------------------

output "email_sender_lambda_arn" {
  description = "ARN of the sender function."
  value       = module.email_sender.arn
}

output "feedback_processor_lambda_arn" {
  description = "ARN of the feedback processor function."
  value       = module.feedback_processor.arn
}

output "template_seeder_lambda_name" {
  description = "Name of the function that installs the starter templates."
  value       = module.template_seeder.name
}

output "install_templates_command" {
  description = "AWS CLI command that installs and updates the starter templates without an apply."
  value       = "aws lambda invoke --function-name ${module.template_seeder.name} --cli-binary-format raw-in-base64-out --payload '{}' /dev/stdout"
}

# ---------------------------------------------------------------------------------------------------------------------
# Queues
# ---------------------------------------------------------------------------------------------------------------------

output "email_queue_url" {
  description = "URL of the queue of transactional emails."
  value       = module.email_queue.url
}

output "bulk_queue_url" {
  description = "URL of the queue of bulk emails."
  value       = module.bulk_queue.url
}

output "retry_queue_url" {
  description = "URL of the retry queue of transactional emails, in which emails wait for a later attempt."
  value       = module.retry_queue.url
}

output "bulk_retry_queue_url" {
  description = "URL of the retry queue of bulk emails, in which emails wait for a later attempt."
  value       = module.bulk_retry_queue.url
}

output "feedback_queue_url" {
  description = "URL of the queue of SES events."
  value       = module.feedback_queue.url
}

output "event_bridge_dlq_url" {
  description = "URL of the dead-letter queue of requests that the bus could not deliver."
  value       = module.event_bridge_dlq.url
}

output "email_queue_dlq_url" {
  description = "URL of the dead-letter queue of transactional emails."
  value       = module.email_queue.dead_letter_url
}

output "bulk_queue_dlq_url" {
  description = "URL of the dead-letter queue of bulk emails."
  value       = module.bulk_queue.dead_letter_url
}

output "retry_dlq_url" {
  description = "URL of the dead-letter queue of the retry queue of transactional emails."
  value       = module.retry_queue.dead_letter_url
}

output "bulk_retry_dlq_url" {
  description = "URL of the dead-letter queue of the retry queue of bulk emails."
  value       = module.bulk_retry_queue.dead_letter_url
}

output "feedback_processor_dlq_url" {
  description = "URL of the dead-letter queue of SES events."
  value       = module.feedback_queue.dead_letter_url
}

# ---------------------------------------------------------------------------------------------------------------------
# Unsubscribe page
# ---------------------------------------------------------------------------------------------------------------------

output "unsubscribe_url" {
  description = "Start of the links to the unsubscribe page; empty without unsubscribe_endpoint."
  value       = local.unsubscribe_url
}

output "unsubscribe_api_id" {
  description = "Id of the unsubscribe page's API, to map your own domain to it; null without unsubscribe_endpoint."
  value       = one(aws_apigatewayv2_api.unsubscribe[*].id)
}

# ---------------------------------------------------------------------------------------------------------------------
# SES, alarms and dashboard
# ---------------------------------------------------------------------------------------------------------------------

output "ses_configuration_set_name" {
  description = "Name of the SES configuration set of all emails; empty if there is none."
  value       = module.ses_events.configuration_set_name
}

output "ses_feedback_topic_arn" {
  description = "ARN of the SNS topic that SES publishes its events to."
  value       = module.ses_events.topic_arn
}

output "alarm_notification_topic_arn" {
  description = "ARN of the SNS topic that every alarm publishes to."
  value       = module.alarms.topic_arn
}

output "dashboard_url" {
  description = "Address of the dashboard in the AWS console."
  value       = module.dashboard.url
}
