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

run "an_account_that_is_no_id_is_rejected" {
  command = plan

  variables {
    producers = { "shop" = { accounts = ["arn:aws:iam::210987654321:root"] } }
  }

  expect_failures = [var.producers]
}

run "an_organisation_that_is_no_id_is_rejected" {
  command = plan

  variables {
    producers = { "shop" = { organization_id = "example" } }
  }

  expect_failures = [var.producers]
}

run "a_status_bus_that_is_a_name_is_rejected" {
  command = plan

  variables {
    producers = { "shop" = { status_event_bus_arn = "shop-statuses" } }
  }

  expect_failures = [var.producers]
}

run "a_key_alias_for_the_data_is_rejected" {
  command = plan

  variables {
    data_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:alias/data"
  }

  expect_failures = [var.data_kms_key_arn]
}

run "an_empty_data_key_is_rejected" {
  command = plan

  variables {
    data_kms_key_arn = ""
  }

  expect_failures = [var.data_kms_key_arn]
}

run "five_alarm_actions_are_rejected" {
  command = plan

  variables {
    alarm_actions = [for i in range(5) : "arn:aws:sns:eu-west-1:123456789012:topic-${i}"]
  }

  expect_failures = [var.alarm_actions]
}

run "an_alarm_action_twice_is_rejected" {
  command = plan

  variables {
    alarm_actions = ["arn:aws:sns:eu-west-1:123456789012:chat", "arn:aws:sns:eu-west-1:123456789012:chat"]
  }

  expect_failures = [var.alarm_actions]
}

run "an_alarm_action_that_cloudwatch_does_not_call_is_rejected" {
  command = plan

  variables {
    alarm_actions = ["arn:aws:sqs:eu-west-1:123456789012:queue"]
  }

  expect_failures = [var.alarm_actions]
}

run "a_fifo_topic_is_rejected" {
  command = plan

  variables {
    alarm_actions = ["arn:aws:sns:eu-west-1:123456789012:chat.fifo"]
  }

  expect_failures = [var.alarm_actions]
}

run "a_name_too_long_for_a_region_is_rejected" {
  command = plan

  variables {
    name           = "a-name-with-thirty-one-letters1"
    regional_names = true
  }

  expect_failures = [var.regional_names]
}

run "an_account_or_an_organisation_is_enough_to_restrict" {
  command = plan

  variables {
    restrict_producers = true
    producers          = { "shop" = { accounts = ["210987654321"] }, "hr" = { organization_id = "o-a1b2c3d4e5" } }
    alarm_actions = [
      "arn:aws:sns:eu-west-1:123456789012:chat", "arn:aws:lambda:eu-west-1:123456789012:function:page:live",
      "arn:aws:ssm:eu-west-1:123456789012:opsitem:2#CATEGORY=Availability", "arn:aws:ssm-incidents::123456789012:response-plan/mail",
    ]
  }
}
