mock_provider "aws" {}

variables {
  name    = "mail-EmailQueue"
  account = { partition = "aws", region = "eu-west-1", id = "123456789012" }
}

run "values_below_their_range_are_refused" {
  command = plan

  variables {
    name                       = ""
    dead_letter_name           = "with.dot"
    max_receive_count          = 0
    visibility_timeout_seconds = -1
    account                    = { partition = "aws", region = "eu-west-1", id = "1234" }
    writers                    = [{ sid = "Open", service = "sns.amazonaws.com", source_arns = [] }]
    dead_letter_writers        = [{ sid = "Open", service = "sns.amazonaws.com", source_arns = [] }]
  }

  expect_failures = [
    var.name, var.dead_letter_name, var.max_receive_count, var.visibility_timeout_seconds, var.account, var.writers, var.dead_letter_writers,
  ]
}

run "values_above_their_range_are_refused" {
  command = plan

  variables {
    name                       = "a-name-of-more-than-eighty-letters-a-name-of-more-than-eighty-letters-a-name-of-mo"
    max_receive_count          = 1001
    visibility_timeout_seconds = 43201
  }

  expect_failures = [var.name, var.max_receive_count, var.visibility_timeout_seconds]
}
