# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

output "event_bus_name" {
  description = "Name of the event bus for requests and status events."
  value       = module.sesmail.event_bus_name
}

output "event_bus_arn" {
  description = "ARN of the event bus for requests and status events."
  value       = module.sesmail.event_bus_arn
}

output "customer_iam_policy" {
  description = "IAM policy as JSON. It allows its holder to request and cancel emails and to unsubscribe recipients, under any event source."
  value       = module.sesmail.customer_iam_policy
}

output "producer_policies" {
  description = "IAM policies as JSON, by producer. Each allows its holder to request and cancel emails and to unsubscribe recipients, under that event source only."
  value       = module.sesmail.producer_policies
}

output "template_bucket_name" {
  description = "Name of the bucket that holds the templates."
  value       = module.sesmail.template_bucket_name
}

output "email_tracking_table_name" {
  description = "Name of the tracking table, with one record for each email."
  value       = module.sesmail.email_tracking_table_name
}

output "suppression_table_name" {
  description = "Name of the suppression table, with the suppressed addresses."
  value       = module.sesmail.suppression_table_name
}

output "control_table_name" {
  description = "Name of the control table, with the producers' policies, the counters, the breaker's state and the rate bucket."
  value       = module.sesmail.control_table_name
}

output "pending_table_name" {
  description = "Name of the pending table, with the requests that are kept for a soft-bounce retry."
  value       = module.sesmail.pending_table_name
}

output "email_sender_lambda_arn" {
  description = "ARN of the sender function."
  value       = module.sesmail.email_sender_lambda_arn
}

output "feedback_processor_lambda_arn" {
  description = "ARN of the feedback processor function."
  value       = module.sesmail.feedback_processor_lambda_arn
}

output "template_seeder_lambda_name" {
  description = "Name of the function that installs the starter templates."
  value       = module.sesmail.template_seeder_lambda_name
}

output "install_templates_command" {
  description = "AWS CLI command that installs and updates the starter templates without an apply."
  value       = module.sesmail.install_templates_command
}

output "email_queue_url" {
  description = "URL of the queue of transactional emails."
  value       = module.sesmail.email_queue_url
}

output "bulk_queue_url" {
  description = "URL of the queue of bulk emails."
  value       = module.sesmail.bulk_queue_url
}

output "retry_queue_url" {
  description = "URL of the retry queue of transactional emails, in which emails wait for a later attempt."
  value       = module.sesmail.retry_queue_url
}

output "bulk_retry_queue_url" {
  description = "URL of the retry queue of bulk emails, in which emails wait for a later attempt."
  value       = module.sesmail.bulk_retry_queue_url
}

output "feedback_queue_url" {
  description = "URL of the queue of SES events."
  value       = module.sesmail.feedback_queue_url
}

output "event_bridge_dlq_url" {
  description = "URL of the dead-letter queue of requests that the bus could not deliver."
  value       = module.sesmail.event_bridge_dlq_url
}

output "email_queue_dlq_url" {
  description = "URL of the dead-letter queue of transactional emails."
  value       = module.sesmail.email_queue_dlq_url
}

output "bulk_queue_dlq_url" {
  description = "URL of the dead-letter queue of bulk emails."
  value       = module.sesmail.bulk_queue_dlq_url
}

output "retry_dlq_url" {
  description = "URL of the dead-letter queue of the retry queue of transactional emails."
  value       = module.sesmail.retry_dlq_url
}

output "bulk_retry_dlq_url" {
  description = "URL of the dead-letter queue of the retry queue of bulk emails."
  value       = module.sesmail.bulk_retry_dlq_url
}

output "feedback_processor_dlq_url" {
  description = "URL of the dead-letter queue of SES events."
  value       = module.sesmail.feedback_processor_dlq_url
}

output "unsubscribe_url" {
  description = "Start of the links to the unsubscribe page; empty without unsubscribe_endpoint."
  value       = module.sesmail.unsubscribe_url
}

output "unsubscribe_api_id" {
  description = "Id of the unsubscribe page's API, to map your own domain to it; null without unsubscribe_endpoint."
  value       = module.sesmail.unsubscribe_api_id
}

output "ses_configuration_set_name" {
  description = "Name of the SES configuration set of all emails; empty if there is none."
  value       = module.sesmail.ses_configuration_set_name
}

output "ses_feedback_topic_arn" {
  description = "ARN of the SNS topic that SES publishes its events to."
  value       = module.sesmail.ses_feedback_topic_arn
}

output "alarm_notification_topic_arn" {
  description = "ARN of the SNS topic that every alarm publishes to."
  value       = module.sesmail.alarm_notification_topic_arn
}

output "dashboard_url" {
  description = "Address of the dashboard in the AWS console."
  value       = module.sesmail.dashboard_url
}
