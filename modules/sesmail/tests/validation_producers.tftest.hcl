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

run "bad_template_globs_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { templates = ["../secret"] } }
    default_producer = { templates = ["../secret"] }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_sender_globs_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { senders = ["example.com"] } }
    default_producer = { senders = ["example.com"] }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "policy_variables_in_sender_globs_are_rejected" {
  command = plan

  variables {
    producers                = { "shop" = { senders = ["$${aws:username}@example.com"] } }
    default_producer         = { senders = ["$${aws:username}@example.com"] }
    allowed_sender_addresses = ["$${*}@example.com"]
  }

  expect_failures = [
    var.producers,
    var.default_producer,
    var.allowed_sender_addresses,
  ]
}

run "bad_recipient_domains_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { recipient_domains = ["someone@example.com"] } }
    default_producer = { recipient_domains = ["someone@example.com"] }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_upper_case_domains_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { recipient_domains = ["Example.com"] } }
    default_producer = { recipient_domains = ["Example.com"] }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_attachment_prefixes_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { attachment_prefixes = ["bucket/folder"] } }
    default_producer = { attachment_prefixes = ["bucket/folder"] }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "attachment_prefixes_without_a_slash_at_the_end_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { attachment_prefixes = ["s3://bucket/folder"] } }
    default_producer = { attachment_prefixes = ["s3://bucket/folder"] }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_attachment_wildcards_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { attachment_prefixes = ["s3://bucket/*"] } }
    default_producer = { attachment_prefixes = ["s3://bucket/*"] }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_negative_caps_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { emails_per_day = -1 } }
    default_producer = { emails_per_day = -1 }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_fractional_caps_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { first_contacts_per_hour = 1.5 } }
    default_producer = { first_contacts_per_hour = 1.5 }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_priorities_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { priority = "urgent" } }
    default_producer = { priority = "urgent" }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_principals_of_a_producer_are_rejected" {
  command = plan

  variables {
    producers        = { "shop" = { principals = ["arn:aws:iam::123456789012:role/*"] } }
    default_producer = { principals = ["arn:aws:iam::123456789012:role/*"] }
  }

  expect_failures = [
    var.producers,
    var.default_producer,
  ]
}

run "bad_operator_principals_are_rejected" {
  command = plan

  variables {
    operator_principals = ["arn:aws:iam::123456789012:role/*"]
  }

  expect_failures = [var.operator_principals]
}

run "sources_of_aws_are_rejected" {
  command = plan

  variables {
    producers = { "aws.mine" = {} }
  }

  expect_failures = [
    var.producers,
  ]
}

run "sources_that_differ_in_punctuation_only_are_rejected" {
  command = plan

  variables {
    producers = { "shop.orders" = {}, "shop-orders" = {} }
  }

  expect_failures = [
    var.producers,
  ]
}
