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
  package_dir          = "../modules/sesmail/tests/package"
}

run "the_root_refuses_what_the_module_refuses" {
  command = plan

  variables {
    aws_region                  = "Ireland"
    admin_email                 = "ops"
    data_retention_days         = 7
    email_sender_concurrency    = 1
    soft_bounce_retries         = 9
    bounce_rate_alarm_threshold = 3
    producers                   = { "aws.mine" = {} }
  }

  expect_failures = [
    var.aws_region, var.admin_email, var.data_retention_days, var.email_sender_concurrency, var.soft_bounce_retries, var.bounce_rate_alarm_threshold, var.producers,
  ]
}
