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
  event_bus_name = "mail-EmailBus"
  event_source   = "shop/orders.web"
}

run "bad_values_are_rejected" {
  command = plan

  variables {
    event_bus_name      = "arn:aws:events:eu-west-1:123456789012:event-bus/mail-EmailBus"
    event_source        = "aws.mine"
    role_names          = ["arn:aws:iam::123456789012:role/shop"]
    status_target       = { type = "sqs", arn = "statuses" }
    statuses            = ["lost"]
    status_event_source = "aws.mine"
  }

  expect_failures = [
    var.event_bus_name, var.event_source, var.role_names, var.status_target, var.statuses, var.status_event_source,
  ]
}

run "odd_characters_in_a_source_are_rejected" {
  command = plan

  variables {
    event_source        = "my application"
    status_event_source = "my application"
    statuses            = []
  }

  expect_failures = [var.event_source, var.status_event_source, var.statuses]
}

run "an_unknown_kind_of_target_is_rejected" {
  command = plan

  variables {
    status_target = { type = "queue", arn = "arn:aws:sqs:eu-west-1:123456789012:statuses" }
  }

  expect_failures = [var.status_target]
}

run "a_dead_letter_queue_that_is_no_queue_is_rejected" {
  command = plan

  variables {
    status_target = { type = "other", arn = "arn:aws:sns:eu-west-1:123456789012:statuses", dead_letter_queue_arn = "arn:aws:sns:eu-west-1:123456789012:dlq" }
  }

  expect_failures = [var.status_target]
}

run "no_bus_is_rejected" {
  command = plan

  variables {
    event_bus_name = null
  }

  expect_failures = [var.event_bus_arn]
}

run "two_buses_are_rejected" {
  command = plan

  variables {
    event_bus_arn = "arn:aws:events:eu-west-1:123456789012:event-bus/mail-EmailBus"
  }

  expect_failures = [var.event_bus_arn]
}

run "a_bus_arn_that_is_a_name_is_rejected" {
  command = plan

  variables {
    event_bus_name = null
    event_bus_arn  = "mail-EmailBus"
  }

  expect_failures = [var.event_bus_arn]
}
