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

run "what_is_no_boundary_path_or_key_is_rejected" {
  command = plan

  variables {
    permissions_boundary_arn = "boundary"
    role_path                = "engines/"
    tls_policy               = "require"
    attachment_kms_key_arns  = ["alias/attachments"]
  }

  expect_failures = [var.permissions_boundary_arn, var.role_path, var.tls_policy, var.attachment_kms_key_arns]
}

run "wildcards_and_open_paths_are_rejected" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/*"
    role_path                = "/engines"
    attachment_kms_key_arns  = ["arn:aws:kms:eu-west-1:123456789012:key/*"]
  }

  expect_failures = [var.permissions_boundary_arn, var.role_path, var.attachment_kms_key_arns]
}

run "a_role_is_no_boundary" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:role/boundary"
    role_path                = "/with space/"
  }

  expect_failures = [var.permissions_boundary_arn, var.role_path]
}

run "a_reservation_below_what_the_queues_ask_for_is_rejected" {
  command = plan

  variables {
    email_sender_concurrency                = 3
    bulk_sender_concurrency                 = 4
    feedback_processor_concurrency          = 5
    email_sender_reserved_concurrency       = 13
    feedback_processor_reserved_concurrency = 4
  }

  expect_failures = [var.email_sender_reserved_concurrency, var.feedback_processor_reserved_concurrency]
}

run "a_part_of_an_execution_cannot_be_reserved" {
  command = plan

  variables {
    email_sender_reserved_concurrency       = 20.5
    feedback_processor_reserved_concurrency = 5.5
  }

  expect_failures = [var.email_sender_reserved_concurrency, var.feedback_processor_reserved_concurrency]
}

run "the_edges_belong_to_the_ranges" {
  command = plan

  variables {
    permissions_boundary_arn                = "arn:aws:iam::aws:policy/PowerUserAccess"
    role_path                               = "/a/b/"
    tls_policy                              = "OPTIONAL"
    attachment_kms_key_arns                 = ["arn:aws:kms:eu-west-1:210987654321:key/mrk-1234abcd"]
    email_sender_concurrency                = 3
    bulk_sender_concurrency                 = 4
    email_sender_reserved_concurrency       = 14
    feedback_processor_reserved_concurrency = 5
  }
}
