output "name" {
  description = "Name of the bucket, once it can store objects."
  value       = aws_s3_bucket.this.bucket
  depends_on = [
    aws_s3_bucket_versioning.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_policy.this,
  ]
}

output "arn" {
  description = "ARN of the bucket."
  value       = local.arn
  depends_on  = [aws_s3_bucket.this]
}
