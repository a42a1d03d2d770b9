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

run "a_tracking_domain_that_is_none_is_rejected" {
  command = plan

  variables {
    tracking_domain = "https://click.example.com"
  }

  expect_failures = [var.tracking_domain]
}

run "an_empty_tracking_domain_is_rejected" {
  command = plan

  variables {
    tracking_domain = ""
  }

  expect_failures = [var.tracking_domain]
}

run "another_configuration_set_keeps_its_own_tracking_domain" {
  command = plan

  variables {
    create_configuration_set = false
    configuration_set_name   = "theirs"
    tracking_domain          = "click.example.com"
  }

  expect_failures = [var.tracking_domain]
}

run "clicks_through_a_domain_without_a_certificate_are_rejected" {
  command = plan

  variables {
    click_tracking  = true
    tracking_domain = "click.example.com"
  }

  expect_failures = [var.tracking_https]
}

run "https_without_a_tracking_domain_is_rejected" {
  command = plan

  variables {
    tracking_https = true
  }

  expect_failures = [var.tracking_https]
}
