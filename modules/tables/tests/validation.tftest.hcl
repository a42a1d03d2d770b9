mock_provider "aws" {}

variables {
  name    = "mail"
  account = { partition = "aws", region = "eu-west-1", id = "123456789012" }
}

run "bad_values_are_refused" {
  command = plan

  variables {
    name    = "Mail"
    account = { partition = "aws", region = "eu-west-1", id = "1234" }
  }

  expect_failures = [var.name, var.account]
}
