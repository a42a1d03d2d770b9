mock_provider "aws" {
  mock_data "aws_servicequotas_service_quota" {
    defaults = { value = 124 }
  }
}

variables {
  maximum_concurrency = { email = 5, bulk = 5, retry = 5, bulk_retry = 5, feedback = 5 }
  reserved            = 0
}

run "an_account_that_allows_exactly_as_many_passes" {
  command = plan

  variables {
    maximum_concurrency = { email = 62, bulk = 62 }
    reserved            = 24
  }

  assert {
    condition     = output.requested == 124
    error_message = "Every event source counts."
  }
}

run "a_new_account_is_warned" {
  command = plan

  override_data {
    target = data.aws_servicequotas_service_quota.concurrent_executions
    values = { value = 10 }
  }

  expect_failures = [check.lambda_concurrency]
}

run "one_too_many_is_warned_of" {
  command = plan

  variables {
    maximum_concurrency = { email = 62, bulk = 63 }
  }

  expect_failures = [check.lambda_concurrency]
}

run "a_reservation_that_lambda_would_reject_is_warned_of" {
  command = plan

  variables {
    reserved = 25
  }

  expect_failures = [check.lambda_concurrency]
}
