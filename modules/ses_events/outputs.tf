output "configuration_set_name" {
  description = "Name of the SES configuration set of all emails; empty if there is none."
  value       = local.configuration_set_name
}

output "configuration_set_arn" {
  description = "ARN of the configuration set, or null if there is none."
  value       = local.configuration_set_name != "" ? local.configuration_set_arn : null
}

# Built rather than read, so that it is known at plan time; depends_on keeps the order of creation.
output "topic_arn" {
  description = "ARN of the topic that SES publishes its events to."
  value       = local.topic_arn
  depends_on  = [aws_sns_topic.this]
}
