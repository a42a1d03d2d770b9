output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

# Built rather than read, so that it is known at plan time; depends_on keeps the order of creation.
output "arn" {
  description = "ARN of the function."
  value       = local.function_arn
  depends_on  = [aws_lambda_function.this]
}

output "role_name" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}
