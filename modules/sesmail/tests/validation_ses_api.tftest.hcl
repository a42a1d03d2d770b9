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

run "an_unknown_api_of_ses_is_rejected" {
  command = plan

  variables {
    ses_api = "v3"
  }

  expect_failures = [var.ses_api]
}

run "v1_takes_ten_megabytes" {
  command = plan

  variables {
    ses_api        = "v1"
    max_message_mb = 10.1
  }

  expect_failures = [var.max_message_mb]
}

run "v1_has_no_tenants" {
  command = plan

  variables {
    ses_api          = "v1"
    producers        = { "shop" = { ses_tenant = "shop" } }
    default_producer = { ses_tenant = "others" }
  }

  expect_failures = [var.producers, var.default_producer]
}

run "a_tenant_has_a_name_of_ses" {
  command = plan

  variables {
    producers        = { "shop" = { ses_tenant = "my shop" } }
    default_producer = { ses_tenant = "" }
  }

  expect_failures = [var.producers, var.default_producer]
}
