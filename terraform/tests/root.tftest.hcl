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

run "the_root_passes_its_variables_and_outputs_through" {
  command = plan

  variables {
    name      = "mail"
    producers = { "shop.orders" = { emails_per_day = 500 } }
  }

  assert {
    condition     = output.event_bus_name == "mail-EmailBus" && join(",", keys(output.producer_policies)) == "shop.orders"
    error_message = "Variables must reach the module, and its outputs the user."
  }
}
