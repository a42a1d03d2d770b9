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

run "a_base_url_without_https_is_rejected" {
  command = plan

  variables {
    unsubscribe_endpoint = true
    unsubscribe_base_url = "http://mail.example.com"
  }

  expect_failures = [var.unsubscribe_base_url]
}

run "a_base_url_without_the_endpoint_is_rejected" {
  command = plan

  variables {
    unsubscribe_base_url = "https://mail.example.com"
  }

  expect_failures = [var.unsubscribe_base_url]
}

run "no_requests_at_all_are_rejected" {
  command = plan

  variables {
    unsubscribe_requests_per_second = 0
  }

  expect_failures = [var.unsubscribe_requests_per_second]
}

run "half_an_execution_is_rejected" {
  command = plan

  variables {
    unsubscribe_reserved_concurrency = 0.5
  }

  expect_failures = [var.unsubscribe_reserved_concurrency]
}

run "what_bulk_mail_requires_is_warn_or_refuse" {
  command = plan

  variables {
    bulk_requires_unsubscribe = "maybe"
  }

  expect_failures = [var.bulk_requires_unsubscribe]
}

run "a_topic_needs_a_name_and_a_text" {
  command = plan

  variables {
    producers = { shop = { topics = { "weekly digest" = "Weekly digest" } }, blog = { topics = { weekly = " " } } }
  }

  expect_failures = [var.producers]
}
