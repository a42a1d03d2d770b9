# A team's own root, apart from the engine's: its role may request emails as "shop.orders", and its queue receives their
# statuses.
provider "aws" {
  region = "eu-west-1"
}

module "emails" {
  source = "../../modules/producer"

  event_bus_name = "mail-EmailBus"
  event_source   = "shop.orders"
  role_names     = [aws_iam_role.shop.name]
  status_target  = { type = "sqs", arn = aws_sqs_queue.email_statuses.arn }
  statuses       = ["failed", "bounced", "complained"]
}

resource "aws_iam_role" "shop" {
  name = "shop"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_sqs_queue" "email_statuses" {
  name                    = "shop-email-statuses"
  sqs_managed_sse_enabled = true
}

resource "aws_sqs_queue_policy" "email_statuses" {
  queue_url = aws_sqs_queue.email_statuses.url
  policy    = module.emails.status_queue_policy_json
}
