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
  event_bus_name    = "mail-EmailBus"
  event_source      = "shop/orders.web"
  status_target     = { type = "https", url = "https://hooks.example.com/email?team=shop" }
  status_target_key = "0123456789abcdef"
}

run "statuses_are_posted_with_the_key" {
  command = plan

  assert {
    condition = (
      aws_cloudwatch_event_api_destination.webhook[0].invocation_endpoint == "https://hooks.example.com/email?team=shop" &&
      aws_cloudwatch_event_api_destination.webhook[0].http_method == "POST" &&
      aws_cloudwatch_event_api_destination.webhook[0].invocation_rate_limit_per_second == 50
    )
    error_message = "EventBridge must post to the URL, at most 50 times a second."
  }

  assert {
    condition = (
      aws_cloudwatch_event_connection.webhook[0].authorization_type == "API_KEY" &&
      aws_cloudwatch_event_connection.webhook[0].auth_parameters[0].api_key[0].key == "X-Api-Key" &&
      aws_cloudwatch_event_connection.webhook[0].auth_parameters[0].api_key[0].value == var.status_target_key
    )
    error_message = "Each call must carry the key."
  }

  assert {
    condition = (
      aws_cloudwatch_event_target.status[0].retry_policy[0].maximum_event_age_in_seconds == 86400 &&
      aws_cloudwatch_event_target.status[0].retry_policy[0].maximum_retry_attempts == 185 &&
      aws_cloudwatch_event_target.status[0].dead_letter_config[0].arn == "arn:aws:sqs:eu-west-1:123456789012:mail-EmailBus-shop_orders_web-status-dlq"
    )
    error_message = "EventBridge must retry for a day, then keep the event."
  }

  # The destination's ARN is known after apply only; tests/e2e/test_webhook.py calls it.
  assert {
    condition = jsondecode(aws_iam_role.webhook[0].assume_role_policy).Statement[0].Condition == {
      ArnEquals    = { "aws:SourceArn" = output.status_rule_arn }
      StringEquals = { "aws:SourceAccount" = "123456789012" }
    }
    error_message = "EventBridge may take the role for this rule only."
  }

  assert {
    condition = (
      jsondecode(aws_sqs_queue.webhook_dead_letter[0].policy).Statement[0].Resource == "arn:aws:sqs:eu-west-1:123456789012:mail-EmailBus-shop_orders_web-status-dlq" &&
      aws_sqs_queue.webhook_dead_letter[0].name == "mail-EmailBus-shop_orders_web-status-dlq" &&
      aws_sqs_queue.webhook_dead_letter[0].sqs_managed_sse_enabled &&
      aws_sqs_queue.webhook_dead_letter[0].message_retention_seconds == 1209600
    )
    error_message = "The dead-letter queue takes this rule's events, and keeps them for 14 days."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.webhook_dead_letter[0].dimensions.QueueName == "mail-EmailBus-shop_orders_web-status-dlq"
    error_message = "An alarm must watch the dead-letter queue."
  }
}

run "its_settings_reach_eventbridge_and_long_names_stay_within_the_limits" {
  command = plan

  variables {
    event_source             = "a.very.long.event.source.of.a.team.that.likes.to.name.things.in.full"
    regional_names           = true
    role_path                = "/producers/"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    status_target = {
      type                         = "https"
      url                          = "https://hooks.example.com"
      key_header                   = "X-Shop-Key"
      rate_per_second              = 5
      maximum_event_age_in_seconds = 3600
    }
  }

  assert {
    condition = (
      aws_cloudwatch_event_target.status[0].retry_policy[0].maximum_event_age_in_seconds == 3600 &&
      aws_cloudwatch_event_connection.webhook[0].auth_parameters[0].api_key[0].key == "X-Shop-Key" &&
      aws_cloudwatch_event_api_destination.webhook[0].invocation_rate_limit_per_second == 5
    )
    error_message = "The settings of status_target must reach EventBridge."
  }

  assert {
    condition = (
      length(aws_cloudwatch_event_connection.webhook[0].name) == 60 && length(aws_iam_role.webhook[0].name) <= 64 &&
      endswith(aws_cloudwatch_event_connection.webhook[0].name, substr(sha1("mail-EmailBus-a_very_long_event_source_of_a_team_that_likes_to_name_things_in_full-status"), 0, 8)) &&
      aws_iam_role.webhook[0].path == "/producers/" &&
      aws_iam_role.webhook[0].permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    )
    error_message = "Names are cut to the limits and end with a hash; the role keeps to path and boundary."
  }
}
