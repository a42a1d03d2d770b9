# ---------------------------------------------------------------------------------------------------------------------
# SES events: configuration set -> topic -> feedback queue.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  account_arn = "${var.account.region}:${var.account.id}"

  configuration_set_name = (
    var.configuration_set_name != null ? var.configuration_set_name
    : var.create_configuration_set ? "${var.name}-ConfigSet"
    : ""
  )
  configuration_set_arn = "arn:${var.account.partition}:ses:${local.account_arn}:configuration-set/${local.configuration_set_name}"
  identities_arn        = "arn:${var.account.partition}:ses:${local.account_arn}:identity/*"
  topic_name            = "${var.name}-SESFeedback"
  topic_arn             = "arn:${var.account.partition}:sns:${local.account_arn}:${local.topic_name}"

  # Without a configuration set, only identity notifications can reach the topic.
  event_source_arn = local.configuration_set_name != "" ? local.configuration_set_arn : local.identities_arn

  event_types = concat(
    ["SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY", "SUBSCRIPTION"],
    var.open_tracking ? ["OPEN"] : [],
    var.click_tracking ? ["CLICK"] : [],
  )
}

# ---------------------------------------------------------------------------------------------------------------------
# Configuration set
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_sesv2_configuration_set" "this" {
  count = var.create_configuration_set ? 1 : 0

  configuration_set_name = local.configuration_set_name
  tags                   = var.tags

  delivery_options {
    tls_policy = var.tls_policy
  }

  reputation_options {
    reputation_metrics_enabled = true
  }

  dynamic "tracking_options" {
    for_each = var.tracking_domain[*]
    content {
      custom_redirect_domain = tracking_options.value
      https_policy           = var.tracking_https ? "REQUIRE" : "OPTIONAL"
    }
  }

  # No sending_options: if an operator paused the set, the next apply does not resume it.
}

resource "aws_sesv2_configuration_set_event_destination" "this" {
  count = local.configuration_set_name != "" ? 1 : 0

  configuration_set_name = local.configuration_set_name
  event_destination_name = "${var.name}-SESFeedback"

  event_destination {
    enabled              = true
    matching_event_types = local.event_types

    sns_destination {
      topic_arn = aws_sns_topic.this.arn
    }
  }

  depends_on = [aws_sesv2_configuration_set.this]
}

# ---------------------------------------------------------------------------------------------------------------------
# Topic
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_sns_topic" "this" {
  # checkov:skip=CKV_AWS_26: the AWS-managed key silently stops SES from publishing; a customer key comes by kms_key_arn
  name              = local.topic_name
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PublishedBySes"
      Effect    = "Allow"
      Principal = { Service = "ses.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = local.topic_arn
      Condition = {
        ArnLike      = { "aws:SourceArn" = local.event_source_arn }
        StringEquals = { "aws:SourceAccount" = var.account.id }
      }
    }]
  })
}

# No raw delivery: the envelope's TopicArn distinguishes SES events from alarms.
resource "aws_sns_topic_subscription" "feedback" {
  topic_arn            = aws_sns_topic.this.arn
  protocol             = "sqs"
  endpoint             = var.feedback_queue_arn
  raw_message_delivery = false
  redrive_policy       = jsonencode({ deadLetterTargetArn = var.dead_letter_queue_arn })
}
