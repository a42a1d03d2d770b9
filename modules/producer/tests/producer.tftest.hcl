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
  event_bus_name = "mail-EmailBus"
  event_source   = "shop/orders.web"
}

run "a_team_may_send_under_its_own_source_only" {
  command = plan

  variables {
    role_names = ["shop", "shop-worker"]
  }

  assert {
    condition = jsondecode(output.policy_json).Statement == [{
      Sid       = "RequestEmails"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:eu-west-1:123456789012:event-bus/mail-EmailBus"
      Condition = { StringEquals = { "events:source" = "shop/orders.web", "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"] } }
    }]
    error_message = "The right must be bound to the bus, the source and the detail-type."
  }

  assert {
    condition     = join(",", aws_iam_role_policy.send[*].role) == "shop,shop-worker" && aws_iam_role_policy.send[0].name == "mail-EmailBus-shop_orders.web"
    error_message = "Every role that is named must get the policy."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.status) == 0 && output.status_rule_arn == null && output.status_queue_policy_json == null
    error_message = "Without a target nothing is subscribed."
  }
}

run "statuses_are_delivered_to_a_queue" {
  command = plan

  variables {
    statuses = ["bounced"]
    status_target = {
      type                  = "sqs"
      arn                   = "arn:aws:sqs:eu-west-1:123456789012:statuses"
      dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:statuses-dlq"
    }
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudwatch_event_rule.status[0].event_pattern)) == jsonencode({
      source        = ["sesmailengine"]
      "detail-type" = ["Email Status Changed", "Email Unsubscribed", "Email Resubscribed"]
      detail        = { status = ["bounced", { exists = false }], originalSource = ["shop/orders.web"] }
    })
    error_message = "A team must get the statuses it asked for and its recipients' choices, of its own emails only."
  }

  assert {
    condition = (
      aws_cloudwatch_event_target.status[0].arn == "arn:aws:sqs:eu-west-1:123456789012:statuses" &&
      aws_cloudwatch_event_target.status[0].event_bus_name == "mail-EmailBus" &&
      aws_cloudwatch_event_target.status[0].dead_letter_config[0].arn == "arn:aws:sqs:eu-west-1:123456789012:statuses-dlq"
    )
    error_message = "The rule must target the team's queue, and its dead-letter queue what it rejects."
  }

  assert {
    condition = jsondecode(output.status_queue_policy_json).Statement[0] == {
      Sid       = "StatusesOfshopordersweb"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:statuses"
      Condition = { ArnEquals = { "aws:SourceArn" = output.status_rule_arn } }
    }
    error_message = "The queue's policy must allow this rule only."
  }

  assert {
    condition     = length(aws_iam_role_policy.send) == 0 && length(aws_lambda_permission.status) == 0
    error_message = "A queue needs no Lambda permission, and without a role there is no policy to attach."
  }
}

run "a_function_as_target_gets_its_permission" {
  command = plan

  variables {
    status_target = { type = "lambda", arn = "arn:aws:lambda:eu-west-1:123456789012:function:on-status" }
  }

  assert {
    condition = (
      aws_lambda_permission.status[0].principal == "events.amazonaws.com" &&
      aws_lambda_permission.status[0].source_arn == "arn:aws:events:eu-west-1:123456789012:rule/mail-EmailBus/shop_orders.web-status" &&
      length(aws_cloudwatch_event_target.status[0].dead_letter_config) == 0
    )
    error_message = "Only this rule may invoke the function."
  }
}

run "a_long_source_still_makes_a_valid_rule_name" {
  command = plan

  variables {
    event_source  = "a.very.long.event.source.of.a.team.that.likes.to.name.things.in.full"
    status_target = { type = "sqs", arn = "arn:aws:sqs:eu-west-1:123456789012:statuses" }
  }

  assert {
    condition     = aws_cloudwatch_event_rule.status[0].name == "a.very.long.event.source.of.a.team.that.likes.to-${substr(sha1(var.event_source), 0, 8)}-status" && length(aws_cloudwatch_event_rule.status[0].name) <= 64
    error_message = "EventBridge allows 64 characters, and sources that start alike must not share a rule."
  }
}
