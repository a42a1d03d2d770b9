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

run "prod_is_live_without_a_warning" {
  command = plan

  assert {
    condition     = var.delivery.mode == "live"
    error_message = "live must be the default."
  }
  assert {
    condition     = contains([for statement in local.sender_statements : statement.sid], "SendFromOwnIdentities")
    error_message = "In live mode the sender sends."
  }
}

run "staging_that_is_live_is_warned_of" {
  command = plan

  variables {
    environment = "staging"
  }

  expect_failures = [check.customers_receive_no_mail_outside_prod]
}

run "staging_that_redirects_is_not_warned_of" {
  command = plan

  variables {
    environment = "staging"
    delivery    = { mode = "redirect", to = "team+staging@Example.com" }
  }

  assert {
    condition     = local.engine_environment.SESMAIL_DELIVERY_TO == "team+staging@Example.com" && local.engine_environment.SESMAIL_DELIVERY_MODE == "redirect"
    error_message = "The functions must know the mailbox."
  }
}

run "allow_takes_addresses_domains_and_subdomains" {
  command = plan

  variables {
    environment = "dev"
    delivery    = { mode = "allow", allow = ["Ada@example.com", "example.org", "*.xn--bcher-kva.example"] }
  }

  assert {
    condition     = local.engine_environment.SESMAIL_DELIVERY_ALLOW == "Ada@example.com,example.org,*.xn--bcher-kva.example"
    error_message = "The functions must know the list."
  }
}

run "a_sink_may_not_send" {
  command = plan

  variables {
    environment = "dev"
    delivery    = { mode = "sink" }
  }

  assert {
    condition     = alltrue([for statement in local.sender_statements : !contains(statement.actions, "ses:SendRawEmail")])
    error_message = "In sink mode the sender's role must not be able to send."
  }
}
