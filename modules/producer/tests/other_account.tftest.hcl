mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
}

variables {
  event_bus_arn = "arn:aws:events:eu-central-1:210987654321:event-bus/mail-EmailBus"
  event_source  = "shop/orders.web"
}

run "requests_go_to_the_bus_of_the_other_account" {
  command = plan

  variables {
    role_names     = ["shop"]
    regional_names = true
  }

  assert {
    condition = jsondecode(output.policy_json).Statement[0] == {
      Sid       = "RequestEmails"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:eu-central-1:210987654321:event-bus/mail-EmailBus"
      Condition = { StringEquals = { "events:source" = "shop/orders.web", "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"] } }
    }
    error_message = "The right must be bound to the bus, the source and the detail-type."
  }

  assert {
    condition     = aws_iam_role_policy.send[0].name == "mail-EmailBus-shop_orders.web-eu-central-1"
    error_message = "A role that uses engines of one name in two regions needs two policies."
  }

  assert {
    condition     = length(aws_cloudwatch_event_bus.status) == 0 && output.status_event_bus_arn == null && output.event_bus_arn == var.event_bus_arn
    error_message = "Without a target there is no bus for statuses."
  }
}

run "statuses_come_to_a_bus_of_this_account" {
  command = plan

  variables {
    statuses            = ["bounced"]
    status_event_source = "mail.engine"
    status_target       = { type = "sqs", arn = "arn:aws:sqs:eu-west-1:123456789012:statuses" }
  }

  assert {
    condition     = output.status_event_bus_arn == "arn:aws:events:eu-west-1:123456789012:event-bus/shop_orders.web-statuses" && aws_cloudwatch_event_bus.status[0].name == "shop_orders.web-statuses"
    error_message = "The engine needs the bus's ARN before the bus exists."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_bus_policy.status[0].policy).Statement == [{
      Sid       = "StatusesOfTheEngine"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::210987654321:root" }
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:eu-west-1:123456789012:event-bus/shop_orders.web-statuses"
      Condition = { "ForAllValues:StringEquals" = { "events:source" = ["mail.engine"], "events:detail-type" = ["Email Status Changed", "Email Unsubscribed", "Email Resubscribed"] } }
    }]
    error_message = "The engine's account may publish statuses and choices of recipients here, and nothing else."
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_rule.status[0].event_bus_name == "shop_orders.web-statuses",
      jsonencode(jsondecode(aws_cloudwatch_event_rule.status[0].event_pattern).detail) == jsonencode({ originalSource = ["shop/orders.web"], status = ["bounced", { exists = false }] }),
      aws_cloudwatch_event_target.status[0].event_bus_name == "shop_orders.web-statuses",
      aws_cloudwatch_event_target.status[0].arn == "arn:aws:sqs:eu-west-1:123456789012:statuses",
      output.status_rule_arn == "arn:aws:events:eu-west-1:123456789012:rule/shop_orders.web-statuses/shop_orders.web-status",
      jsondecode(output.status_queue_policy_json).Statement[0].Condition == { ArnEquals = { "aws:SourceArn" = output.status_rule_arn } },
    ])
    error_message = "The rule and its target belong to this account's bus."
  }
}
