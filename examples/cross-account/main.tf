# A producer in another account: the engine in one, the shop in the other. Each half may be a root of its own, since only
# two ARNs cross: the engine's bus, and the shop's bus for statuses.
provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "shop"
  region = "eu-west-1"

  dynamic "assume_role" {
    for_each = var.shop_role_arn[*]
    content {
      role_arn = assume_role.value
    }
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# The engine's account
# ---------------------------------------------------------------------------------------------------------------------

module "sesmail" {
  source = "../../modules/sesmail"

  package_dir          = var.package_dir
  name                 = "mail"
  admin_email          = "ops@example.com"
  default_sender_email = "no-reply@example.com"

  restrict_producers = true
  default_producer   = { enabled = false }
  producers = {
    "shop.orders" = {
      senders              = ["orders@example.com"]
      accounts             = [var.shop_account_id]
      status_event_bus_arn = module.shop_emails.status_event_bus_arn
    }
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# The shop's account
# ---------------------------------------------------------------------------------------------------------------------

module "shop_emails" {
  source    = "../../modules/producer"
  providers = { aws = aws.shop }

  event_bus_arn = module.sesmail.event_bus_arn
  event_source  = "shop.orders"
  role_names    = [aws_iam_role.shop.name]
  status_target = {
    type                  = "sqs"
    arn                   = aws_sqs_queue.email_statuses.arn
    dead_letter_queue_arn = aws_sqs_queue.lost_statuses.arn
  }
}

resource "aws_iam_role" "shop" {
  provider = aws.shop
  name     = "shop"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumedByLambda"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_sqs_queue" "email_statuses" {
  provider                = aws.shop
  name                    = "shop-email-statuses"
  sqs_managed_sse_enabled = true
}

resource "aws_sqs_queue_policy" "email_statuses" {
  provider  = aws.shop
  queue_url = aws_sqs_queue.email_statuses.url
  policy    = module.shop_emails.status_queue_policy_json
}

# Statuses that the shop's own queue rejected.
resource "aws_sqs_queue" "lost_statuses" {
  provider                = aws.shop
  name                    = "shop-lost-statuses"
  sqs_managed_sse_enabled = true
}

resource "aws_sqs_queue_policy" "lost_statuses" {
  provider  = aws.shop
  queue_url = aws_sqs_queue.lost_statuses.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LostStatuses"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.lost_statuses.arn
      Condition = { ArnEquals = { "aws:SourceArn" = module.shop_emails.status_rule_arn } }
    }]
  })
}
