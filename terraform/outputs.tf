# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

output "event_bus_name" {
  description = "Name of the bus for email requests and status events."
  value       = module.sesmail.event_bus_name
}

output "event_bus_arn" {
  description = "ARN of the bus."
  value       = module.sesmail.event_bus_arn
}

output "customer_iam_policy" {
  description = "IAM policy, ready JSON, that lets its holder request and cancel emails, and unsubscribe recipients, under any source."
  value       = module.sesmail.customer_iam_policy
}

output "producer_policies" {
  description = "IAM policy, ready JSON, by producer: lets its holder request and cancel emails, and unsubscribe recipients, under that source only."
  value       = module.sesmail.producer_policies
}

output "template_bucket_name" {
  description = "Name of the bucket that holds the templates."
  value       = module.sesmail.template_bucket_name
}

output "email_tracking_table_name" {
  description = "Name of the table with one record per email."
  value       = module.sesmail.email_tracking_table_name
}

output "suppression_table_name" {
  description = "Name of the table of suppressed addresses."
  value       = module.sesmail.suppression_table_name
}

output "control_table_name" {
  description = "Name of the table of policies, counters, the breaker and the rate bucket."
  value       = module.sesmail.control_table_name
}

output "pending_table_name" {
  description = "Name of the table of requests kept for a soft-bounce retry."
  value       = module.sesmail.pending_table_name
}

output "email_sender_lambda_arn" {
  description = "ARN of the sender."
  value       = module.sesmail.email_sender_lambda_arn
}

output "feedback_processor_lambda_arn" {
  description = "ARN of the feedback processor."
  value       = module.sesmail.feedback_processor_lambda_arn
}

output "template_seeder_lambda_name" {
  description = "Name of the function that installs the starter templates."
  value       = module.sesmail.template_seeder_lambda_name
}

output "install_templates_command" {
  description = "Command that installs and updates the starter templates by hand."
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
  description = "URL of the retry queue, where transactional emails wait."
  value       = module.sesmail.retry_queue_url
}

output "bulk_retry_queue_url" {
  description = "URL of the retry queue of bulk emails."
  value       = module.sesmail.bulk_retry_queue_url
}

output "feedback_queue_url" {
  description = "URL of the queue of SES events."
  value       = module.sesmail.feedback_queue_url
}

output "event_bridge_dlq_url" {
  description = "URL of the queue of requests that the bus could not deliver."
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
  description = "URL of the retry queue's dead-letter queue."
  value       = module.sesmail.retry_dlq_url
}

output "bulk_retry_dlq_url" {
  description = "URL of the dead-letter queue of waiting bulk emails."
  value       = module.sesmail.bulk_retry_dlq_url
}

output "feedback_processor_dlq_url" {
  description = "URL of the dead-letter queue of SES events."
  value       = module.sesmail.feedback_processor_dlq_url
}

output "unsubscribe_url" {
  description = "Where links to the unsubscribe page start; empty without unsubscribe_endpoint."
  value       = module.sesmail.unsubscribe_url
}

output "unsubscribe_api_id" {
  description = "Id of the unsubscribe page's API, for the API mapping of a domain of your own; null without unsubscribe_endpoint."
  value       = module.sesmail.unsubscribe_api_id
}

output "ses_configuration_set_name" {
  description = "Name of the configuration set that emails are sent with; empty if there is none."
  value       = module.sesmail.ses_configuration_set_name
}

output "ses_feedback_topic_arn" {
  description = "ARN of the topic of SES events."
  value       = module.sesmail.ses_feedback_topic_arn
}

output "alarm_notification_topic_arn" {
  description = "ARN of the topic that every alarm goes to."
  value       = module.sesmail.alarm_notification_topic_arn
}

output "dashboard_url" {
  description = "Address of the dashboard in the AWS console."
  value       = module.sesmail.dashboard_url
}
