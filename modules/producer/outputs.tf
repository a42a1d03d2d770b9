output "policy_json" {
  description = "IAM policy as JSON. It allows its holder to request and cancel emails and to unsubscribe recipients, under this event source only."
  value       = local.policy
}

output "event_bus_arn" {
  description = "ARN of the engine's event bus."
  value       = local.bus_arn
}

# Built rather than read, so that the engine's line in producers can be planned with it.
output "status_event_bus_arn" {
  description = "ARN of the event bus for statuses, for status_event_bus_arn in the engine's producers. This module creates the bus if you set event_bus_arn and status_target; otherwise null."
  value       = local.own_bus ? "${local.arn_prefix}:event-bus/${local.status_bus}" : null
}

output "status_rule_arn" {
  description = "ARN of the rule that selects the statuses of this producer, or null."
  value       = local.subscribed ? local.rule_arn : null
}

output "status_queue_policy_json" {
  description = "Queue policy as JSON that a target SQS queue needs to receive the statuses, or null if the target is no SQS queue."
  value       = local.target_type == "sqs" ? local.target_queue_policy : null
}

output "status_dead_letter_queue_url" {
  description = "URL of the dead-letter queue with the statuses that a webhook did not accept, or null if this module creates none."
  value       = local.webhook ? aws_sqs_queue.webhook_dead_letter[0].url : one(module.signed_queue[*].dead_letter_url)
}

output "status_webhook_secret_name" {
  description = "Name of the secret that signs the statuses, for aws secretsmanager get-secret-value; null without signed."
  value       = local.signed ? local.signed_name : null
}
