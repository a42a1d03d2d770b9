# An engine for a company with three producers: a shop with caps, a newsletter that is always bulk, and an AI agent that
# may contact few new addresses. All other principals are denied the bus.
provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { Team = "platform" }
  }
}

data "aws_caller_identity" "current" {}

locals {
  role_prefix = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:role"
}

module "sesmail" {
  source = "../../modules/sesmail"

  package_dir          = var.package_dir
  name                 = "mail"
  environment          = "prod"
  admin_email          = "ops@example.com"
  default_sender_email = "no-reply@example.com"
  default_sender_name  = "Example Shop"
  tags                 = { CostCentre = "1234" }

  # Data
  data_retention_days = 180
  archive_days        = 7
  kms_key_arn         = aws_kms_key.topics.arn

  # Sending: SES grants this account 14 recipients a second; a tenth of it is left to others.
  max_send_rate            = 14
  rate_utilisation         = 0.9
  bulk_rate_share          = 0.5
  email_sender_concurrency = 10
  email_sender_memory      = 1024
  unknown_fields           = "refuse"
  allowed_sender_addresses = ["*@news.example.com"]

  # Reputation: stricter than the defaults.
  consecutive_soft_bounce_threshold = 2
  not_spam_lifts_suppression        = true
  bounce_rate_alarm_threshold       = 0.02
  bounce_rate_pause_threshold       = 0.04
  breaker_min_emails                = 50

  # Alarms and dashboard
  log_retention_days = 365
  tracing_enabled    = true

  # Unsubscribing: the engine's own page, and no newsletter without a link to it.
  unsubscribe_endpoint      = true
  bulk_requires_unsubscribe = "refuse"

  # Who may send
  restrict_producers  = true
  operator_principals = ["${local.role_prefix}/operator"]
  producers = {
    "shop.orders" = {
      templates           = ["purchase-confirmation", "shipping-notification", "invoice"]
      senders             = ["orders@example.com"]
      attachment_prefixes = ["s3://example-invoices/"]
      emails_per_day      = 20000
      principals          = ["${local.role_prefix}/shop"]
    }
    "marketing.newsletter" = {
      senders    = ["*@news.example.com"]
      priority   = "bulk"
      topics     = { weekly-digest = "Weekly digest", events = "Events near you" }
      principals = ["${local.role_prefix}/newsletter"]
    }
    "support.agent" = {
      templates               = ["contact-form-notification"]
      first_contacts_per_hour = 20
      emails_per_day          = 500
      principals              = ["${local.role_prefix}/support-agent"]
    }
  }
  default_producer = {
    enabled    = false
    principals = ["${local.role_prefix}/operator"]
  }
}

# The topics' key. Its policy must allow SES and CloudWatch: otherwise they silently stop publishing.
resource "aws_kms_key" "topics" {
  description             = "SESMail's topics"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnedByTheAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "UsedByPublishers"
        Effect    = "Allow"
        Principal = { Service = ["ses.amazonaws.com", "cloudwatch.amazonaws.com", "sns.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}
