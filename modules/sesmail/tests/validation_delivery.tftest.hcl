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

run "another_mode_is_rejected" {
  command = plan
  variables {
    delivery = { mode = "off" }
  }
  expect_failures = [var.delivery]
}

run "redirect_without_a_mailbox_is_rejected" {
  command = plan
  variables {
    delivery = { mode = "redirect" }
  }
  expect_failures = [var.delivery]
}

run "redirect_to_two_mailboxes_is_rejected" {
  command = plan
  variables {
    delivery = { mode = "redirect", to = "a@example.com,b@example.com" }
  }
  expect_failures = [var.delivery]
}

run "a_mailbox_where_nothing_is_redirected_is_rejected" {
  command = plan
  variables {
    delivery = { mode = "sink", to = "a@example.com" }
  }
  expect_failures = [var.delivery]
}

run "a_mailbox_with_another_mode_left_out_is_rejected" {
  command = plan
  variables {
    delivery = { to = "a@example.com" }
  }
  expect_failures = [var.delivery]
}

run "allow_without_entries_is_rejected" {
  command = plan
  variables {
    delivery = { mode = "allow" }
  }
  expect_failures = [var.delivery]
}

run "entries_without_allow_are_rejected" {
  command = plan
  variables {
    delivery = { mode = "redirect", to = "a@example.com", allow = ["example.com"] }
  }
  expect_failures = [var.delivery]
}

run "a_pattern_that_allows_no_address_is_rejected" {
  command = plan
  variables {
    delivery = { mode = "allow", allow = ["*@example.com"] }
  }
  expect_failures = [var.delivery]
}

run "a_domain_outside_ascii_is_rejected" {
  command = plan
  variables {
    delivery = { mode = "allow", allow = ["bücher.example"] }
  }
  expect_failures = [var.delivery]
}

run "a_list_that_lambda_has_no_room_for_is_rejected" {
  command = plan
  variables {
    delivery = { mode = "allow", allow = [for number in range(60) : "someone.${number}@example.com"] }
  }
  expect_failures = [var.delivery]
}
