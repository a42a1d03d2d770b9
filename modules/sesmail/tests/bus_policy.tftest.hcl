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
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mock" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  admin_email          = "ops@example.com"
  default_sender_email = "no-reply@example.com"
  package_dir          = "tests/package"
}

override_resource {
  target          = module.email_sender.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/path/SenderRole" }
}

override_resource {
  target          = module.feedback_processor.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/path/FeedbackRole" }
}

# Sources of three kinds: two of one role, one of two roles, one without principals.
run "restrict_producers_gives_a_source_to_its_principals_alone" {
  command = plan

  variables {
    restrict_producers  = true
    status_event_source = "mail.engine"
    operator_principals = ["arn:aws:iam::123456789012:role/on-call", "arn:aws:iam::123456789012:role/shop"]
    producers = {
      "shop.orders"     = { principals = ["arn:aws:iam::123456789012:role/shop"] }
      "shop.newsletter" = { principals = ["arn:aws:iam::210987654321:role/newsletter", "arn:aws:iam::123456789012:role/shop"] }
      "shop.returns"    = { principals = ["arn:aws:iam::123456789012:role/shop"] }
      "shop.open"       = {}
    }
    default_producer = { enabled = false, principals = ["arn:aws:iam::123456789012:role/operator"] }
  }

  assert {
    condition = { for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement : statement.Sid => jsonencode(statement.Condition) } == {
      DenyStatusEventsOfOthers = jsonencode({ ArnNotLike = { "aws:PrincipalArn" = [
        "arn:aws:iam::123456789012:role/path/SenderRole", "arn:aws:iam::123456789012:role/path/FeedbackRole",
        "arn:aws:iam::123456789012:role/on-call", "arn:aws:iam::123456789012:role/shop",
      ] }, "ForAnyValue:StringEquals" = { "events:source" = ["mail.engine"] } })
      AllowProducers = jsonencode({ ArnLike = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/shop", "arn:aws:iam::210987654321:role/newsletter"] }, "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"] }, Null = { "events:source" = "false" } })
      Deny0          = jsonencode({ ArnNotLike = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/shop", "arn:aws:iam::210987654321:role/newsletter"] }, "ForAnyValue:StringEquals" = { "events:source" = ["shop.newsletter"] } })
      Deny1          = jsonencode({ ArnNotLike = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/shop"] }, "ForAnyValue:StringEquals" = { "events:source" = ["shop.orders", "shop.returns"] } })
      DenyOtherSources = jsonencode({ ArnNotLike = { "aws:PrincipalArn" = [
        "arn:aws:iam::123456789012:role/path/SenderRole", "arn:aws:iam::123456789012:role/path/FeedbackRole",
        "arn:aws:iam::123456789012:role/on-call", "arn:aws:iam::123456789012:role/shop", "arn:aws:iam::123456789012:role/operator",
      ] }, "ForAnyValue:StringNotEquals" = { "events:source" = ["shop.newsletter", "shop.orders", "shop.returns"] } })
    }
    error_message = "Listed principals send under their sources, the engine and the operators publish, all others are denied."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement :
      statement.Action == "events:PutEvents" && statement.Resource == output.event_bus_arn && statement.Principal == "*" && statement.Effect == (startswith(statement.Sid, "Allow") ? "Allow" : "Deny")
    ])
    error_message = "The bus policy is about putting events on this bus only."
  }
}

run "without_restrict_producers_principals_may_send_under_their_sources" {
  command = plan

  variables {
    producers = {
      "shop.orders"  = { principals = ["arn:aws:iam::123456789012:role/shop"] }
      "shop.returns" = { principals = ["arn:aws:iam::123456789012:role/shop"] }
      "blog"         = { principals = ["arn:aws:iam::210987654321:role/blog"] }
    }
  }

  assert {
    condition = { for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement : statement.Sid => jsonencode(statement.Condition) if statement.Effect == "Allow" } == {
      Allowshoporders = jsonencode({ ArnLike = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/shop"] }, "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"], "events:source" = ["shop.orders", "shop.returns"] }, Null = { "events:source" = "false" } })
      Allowblog       = jsonencode({ ArnLike = { "aws:PrincipalArn" = ["arn:aws:iam::210987654321:role/blog"] }, "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"], "events:source" = ["blog"] }, Null = { "events:source" = "false" } })
    }
    error_message = "Each principal is allowed its own sources."
  }
}

run "default_producers_principals_alone_can_be_let_in" {
  command = plan

  variables {
    restrict_producers = true
    default_producer   = { principals = ["arn:aws:iam::123456789012:role/only"] }
  }

  assert {
    condition = { for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement : statement.Sid => jsonencode(statement.Condition) if statement.Sid != "DenyStatusEventsOfOthers" } == {
      DenyOtherSources = jsonencode({ ArnNotLike = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/path/SenderRole", "arn:aws:iam::123456789012:role/path/FeedbackRole", "arn:aws:iam::123456789012:role/only"] } })
    }
    error_message = "No condition may be an empty list."
  }
}

run "the_policy_of_13_producers_fits" {
  command = plan

  variables {
    restrict_producers = true
    producers          = { for i in range(13) : "team-${i}.app" => { principals = ["arn:aws:iam::123456789012:role/team-${i}-application"] } }
  }

  assert {
    condition     = length(aws_cloudwatch_event_bus_policy.this.policy) <= 10240
    error_message = "EventBridge takes 10,240 bytes."
  }
}

run "the_policy_of_14_producers_fits" {
  command = plan

  variables {
    restrict_producers = true
    producers          = { for i in range(14) : "team-${i}.app" => { principals = ["arn:aws:iam::123456789012:role/team-${i}-application"] } }
  }

  assert {
    condition     = length(aws_cloudwatch_event_bus_policy.this.policy) <= 10240
    error_message = "EventBridge takes 10,240 bytes."
  }
}

run "the_policy_of_23_producers_fits" {
  command = plan

  variables {
    restrict_producers = true
    producers          = { for i in range(23) : "team-${i}.app" => { principals = ["arn:aws:iam::123456789012:role/team-${i}-application"] } }
  }

  assert {
    condition     = length(aws_cloudwatch_event_bus_policy.this.policy) <= 10240
    error_message = "EventBridge takes 10,240 bytes."
  }
}

run "two_hundred_sources_of_one_role_fit" {
  command = plan

  variables {
    restrict_producers = true
    producers          = { for i in range(200) : "team-${i}.app" => { principals = ["arn:aws:iam::123456789012:role/platform"] } }
  }

  assert {
    condition     = length(aws_cloudwatch_event_bus_policy.this.policy) <= 10240
    error_message = "Sources of the same principals share a statement."
  }
}

run "the_measured_size_is_the_policys" {
  command = plan

  variables {
    role_path          = "/path/"
    restrict_producers = true
    producers          = { "shop" = { principals = ["arn:aws:iam::123456789012:role/shop"] } }
  }

  override_resource {
    target          = module.email_sender.aws_iam_role.this
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/path/sesmailengine-EmailSenderRole" }
  }

  override_resource {
    target          = module.feedback_processor.aws_iam_role.this
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/path/sesmailengine-FeedbackProcessorRole" }
  }

  assert {
    condition     = length(aws_cloudwatch_event_bus_policy.this.policy) == local.bus_policy_bytes
    error_message = "What the plan compares with the limit must be what the apply writes."
  }
}

run "fifty_producers_are_too_many_to_restrict" {
  command = plan

  variables {
    restrict_producers = true
    producers          = { for i in range(50) : "team-${i}.app" => { principals = ["arn:aws:iam::123456789012:role/team-${i}-application"] } }
  }

  expect_failures = [aws_cloudwatch_event_bus_policy.this]
}

run "two_hundred_producers_are_too_many_to_restrict" {
  command = plan

  variables {
    restrict_producers = true
    producers          = { for i in range(200) : "team-${i}.app" => { principals = ["arn:aws:iam::123456789012:role/team-${i}-application"] } }
  }

  expect_failures = [aws_cloudwatch_event_bus_policy.this]
}

run "two_hundred_producers_are_too_many_to_allow" {
  command = plan

  variables {
    restrict_producers = false
    producers          = { for i in range(200) : "team-${i}.app" => { principals = ["arn:aws:iam::123456789012:role/team-${i}-application"] } }
  }

  expect_failures = [aws_cloudwatch_event_bus_policy.this]
}
