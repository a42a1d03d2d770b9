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
}

variables {
  event_bus_name    = "mail-EmailBus"
  event_source      = "shop/orders.web"
  status_target     = { type = "https", url = "https://hooks.example.com/email?team=shop" }
  status_target_key = "0123456789abcdef"
}

run "a_url_without_tls_and_bad_names_are_rejected" {
  command = plan

  variables {
    role_path                = "producers"
    permissions_boundary_arn = "boundary"
    lambda_runtime           = "nodejs22.x"
    lambda_architecture      = "riscv"
    log_retention_days       = 2
    alarm_actions            = ["ops@example.com"]
    status_target            = { type = "https", url = "http://hooks.example.com" }
  }

  expect_failures = [
    var.status_target, var.role_path, var.permissions_boundary_arn, var.lambda_runtime, var.lambda_architecture, var.log_retention_days, var.alarm_actions,
  ]
}

run "a_url_with_a_password_and_bad_settings_are_rejected" {
  command = plan

  variables {
    status_target = { type = "https", url = "https://shop:secret@hooks.example.com", rate_per_second = 301, maximum_event_age_in_seconds = 59, key_header = "X Key" }
  }

  expect_failures = [var.status_target]
}

run "a_key_for_a_queue_is_rejected" {
  command = plan

  variables {
    status_target = { type = "sqs", arn = "arn:aws:sqs:eu-west-1:123456789012:statuses" }
  }

  expect_failures = [var.status_target_key]
}

run "a_short_key_is_rejected" {
  command = plan

  variables {
    status_target_key = "secret"
  }

  expect_failures = [var.status_target_key]
}

run "a_signed_webhook_takes_no_key" {
  command = plan

  variables {
    status_target_key = "0123456789abcdef"
    status_target     = { type = "https", url = "https://hooks.example.com", signed = true }
  }

  expect_failures = [var.status_target_key]
}

run "the_settings_of_an_unsigned_webhook_are_rejected_for_a_signed_one" {
  command = plan

  variables {
    status_target_key = null
    status_target     = { type = "https", url = "https://hooks.example.com", signed = true, key_header = "X-Key", rate_per_second = 5, maximum_event_age_in_seconds = 60 }
  }

  expect_failures = [var.status_target]
}

run "the_settings_of_a_signed_webhook_are_rejected_for_an_unsigned_one" {
  command = plan

  variables {
    status_target_key = "0123456789abcdef"
    status_target     = { type = "https", url = "https://hooks.example.com", max_tries = 5 }
  }

  expect_failures = [var.status_target]
}

run "a_queue_cannot_be_signed" {
  command = plan

  variables {
    status_target_key = null
    status_target     = { type = "sqs", arn = "arn:aws:sqs:eu-west-1:123456789012:statuses", signed = true }
  }

  expect_failures = [var.status_target]
}

run "too_many_tries_too_much_concurrency_and_a_version_of_zero_are_rejected" {
  command = plan

  variables {
    status_target_key = null
    status_target     = { type = "https", url = "https://hooks.example.com", signed = true, max_tries = 1001, maximum_concurrency = 1, secret_version = 0 }
  }

  expect_failures = [var.status_target]
}

run "a_signed_webhook_on_this_machine_must_be_allowed" {
  command = plan

  variables {
    status_target_key = null
    status_target     = { type = "https", url = "http://127.0.0.1:8080/hook", signed = true }
  }

  expect_failures = [var.status_target]
}

run "a_url_of_other_characters_is_rejected" {
  command = plan

  variables {
    status_target_key = null
    status_target     = { type = "https", url = "https://hooks.example.com/é", signed = true }
  }

  expect_failures = [var.status_target]
}

run "a_signed_webhook_is_accepted" {
  command = plan

  variables {
    status_target_key = null
    status_target     = { type = "https", url = "https://hooks.example.com/email?team=shop", signed = true, max_tries = 10, maximum_concurrency = 2, secret_version = 2 }
  }
}
