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

# The event of a claim's email may be received a second time before it is noted as outstanding.
run "a_settling_time_below_twice_the_visibility_is_rejected" {
  command = plan

  variables {
    feedback_processor_timeout = 15
    claim_settle_seconds       = 249
  }

  expect_failures = [var.claim_settle_seconds]
}

run "a_settling_time_of_over_a_day_is_rejected" {
  command = plan

  variables {
    claim_settle_seconds = 86401
  }

  expect_failures = [var.claim_settle_seconds]
}
