# The ARNs are built rather than read, so that they are known at plan time; depends_on keeps the order of creation.

output "tracking_name" {
  description = "Name of the tracking table."
  value       = aws_dynamodb_table.tracking.name
}

output "tracking_arn" {
  description = "ARN of the tracking table."
  value       = "${local.arn_prefix}/${aws_dynamodb_table.tracking.name}"
  depends_on  = [aws_dynamodb_table.tracking]
}

output "suppression_name" {
  description = "Name of the suppression table."
  value       = aws_dynamodb_table.suppression.name
}

output "suppression_arn" {
  description = "ARN of the suppression table."
  value       = "${local.arn_prefix}/${aws_dynamodb_table.suppression.name}"
  depends_on  = [aws_dynamodb_table.suppression]
}

output "control_name" {
  description = "Name of the control table."
  value       = aws_dynamodb_table.control.name
}

output "control_arn" {
  description = "ARN of the control table."
  value       = "${local.arn_prefix}/${aws_dynamodb_table.control.name}"
  depends_on  = [aws_dynamodb_table.control]
}

output "pending_name" {
  description = "Name of the pending table."
  value       = aws_dynamodb_table.pending.name
}

output "pending_arn" {
  description = "ARN of the pending table."
  value       = "${local.arn_prefix}/${aws_dynamodb_table.pending.name}"
  depends_on  = [aws_dynamodb_table.pending]
}

