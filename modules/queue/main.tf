# ---------------------------------------------------------------------------------------------------------------------
# A queue with its own dead-letter queue, encrypted by SQS, kept for 14 days. Policies are written inline: the provider
# waits about 25 s for every separate policy resource. Both take the same size: what a queue has taken, its dead-letter
# queue must take.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  retention_seconds    = 14 * 24 * 60 * 60
  long_polling_seconds = 20

  arn_prefix      = "arn:${var.account.partition}:sqs:${var.account.region}:${var.account.id}"
  arn             = "${local.arn_prefix}:${var.name}"
  dead_letter     = var.dead_letter_name != null
  dead_letter_arn = local.dead_letter ? "${local.arn_prefix}:${var.dead_letter_name}" : null

  writers = {
    queue       = { arn = local.arn, allowed = var.writers }
    dead_letter = { arn = local.dead_letter_arn, allowed = var.dead_letter_writers }
  }
  policies = {
    for key, queue in local.writers : key => length(queue.allowed) == 0 ? null : jsonencode({
      Version = "2012-10-17"
      Statement = [for writer in queue.allowed : {
        Sid       = writer.sid
        Effect    = "Allow"
        Principal = { Service = writer.service }
        Action    = "sqs:SendMessage"
        Resource  = queue.arn
        Condition = merge(
          { ArnEquals = { "aws:SourceArn" = writer.source_arns } },
          # No page of AWS says that SNS sends the account; a topic's ARN names it.
          writer.service == "sns.amazonaws.com" ? {} : { StringEquals = { "aws:SourceAccount" = var.account.id } },
        )
      }]
    })
  }
}

resource "aws_sqs_queue" "dead_letter" {
  count = local.dead_letter ? 1 : 0

  name                       = var.dead_letter_name
  message_retention_seconds  = local.retention_seconds
  max_message_size           = var.max_message_kb * 1024
  receive_wait_time_seconds  = local.long_polling_seconds
  visibility_timeout_seconds = var.visibility_timeout_seconds
  sqs_managed_sse_enabled    = true
  policy                     = local.policies.dead_letter
  tags                       = var.tags

  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [local.arn] })
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  message_retention_seconds  = local.retention_seconds
  max_message_size           = var.max_message_kb * 1024
  receive_wait_time_seconds  = local.long_polling_seconds
  visibility_timeout_seconds = var.visibility_timeout_seconds
  sqs_managed_sse_enabled    = true
  policy                     = local.policies.queue
  tags                       = var.tags

  redrive_policy = local.dead_letter ? jsonencode({
    deadLetterTargetArn = local.dead_letter_arn
    maxReceiveCount     = var.max_receive_count
  }) : null

  # No other queue may use this one as its dead-letter queue.
  redrive_allow_policy = jsonencode({ redrivePermission = "denyAll" })

  # SQS rejects a redrive policy if its target does not exist yet, and the ARN above is built, not referenced.
  depends_on = [aws_sqs_queue.dead_letter]
}
