mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  name         = "mail-EmailSender"
  description  = "Sends"
  account      = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  package_path = "../sesmail/tests/package/email_sender.zip"
}

run "a_wildcard_action_is_refused" {
  command = plan

  variables {
    policy_statements = [{ sid = "Wide", actions = ["s3:Get*"], resources = ["arn:aws:s3:::bucket/*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_wildcard_resource_without_reason_is_refused" {
  command = plan

  variables {
    policy_statements = [{ sid = "Wide", actions = ["s3:GetObject"], resources = ["*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "values_below_their_range_are_refused" {
  command = plan

  variables {
    name               = "with.dot"
    description        = ""
    account            = { partition = "aws", region = "eu-west-1", id = "1234" }
    package_path       = "email_sender"
    runtime            = "nodejs22.x"
    architecture       = "riscv"
    memory_mb          = 127
    timeout_seconds    = 0
    log_retention_days = 2
    layer_arns         = ["a", "b", "c", "d", "e", "f"]
    event_sources      = { email = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q", maximum_concurrency = 1 } }
  }

  expect_failures = [
    var.name, var.description, var.account, var.package_path, var.runtime, var.architecture, var.memory_mb, var.timeout_seconds,
    var.log_retention_days, var.layer_arns, var.event_sources,
  ]
}

run "values_above_their_range_are_refused" {
  command = plan

  variables {
    name            = "a-name-of-more-than-sixty-letters-a-name-of-more-than-sixty-lett"
    memory_mb       = 10241
    timeout_seconds = 901
    event_sources   = { email = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q", maximum_concurrency = 1001 } }
  }

  expect_failures = [var.name, var.memory_mb, var.timeout_seconds, var.event_sources]
}
