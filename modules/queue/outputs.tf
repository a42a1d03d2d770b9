output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

# The ARNs are built rather than read, so that they are known at plan time; depends_on keeps the order of creation.
output "arn" {
  description = "ARN of the queue."
  value       = local.arn
  depends_on  = [aws_sqs_queue.this]
}

output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "dead_letter_name" {
  description = "Name of the dead-letter queue, or null."
  value       = var.dead_letter_name
  depends_on  = [aws_sqs_queue.dead_letter]
}

output "dead_letter_arn" {
  description = "ARN of the dead-letter queue, or null."
  value       = local.dead_letter_arn
  depends_on  = [aws_sqs_queue.dead_letter]
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue, or null."
  value       = one(aws_sqs_queue.dead_letter[*].url)
}
