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

override_resource {
  target          = module.email_sender.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/path/SenderRole" }
}

override_resource {
  target          = module.feedback_processor.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/path/FeedbackRole" }
}

run "another_account_and_an_organisation_may_send_under_their_sources_alone" {
  command = plan

  variables {
    producers = {
      "shop.orders" = { accounts = ["210987654321", "123456789012"] }
      "group.hr"    = { organization_id = "o-a1b2c3d4e5" }
      "mixed"       = { principals = ["arn:aws:iam::123456789012:role/mixed"], accounts = ["310987654321"] }
    }
  }

  # This account's own roles need a policy of their own: neither an account nor an organisation lets them in.
  assert {
    condition = { for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement : statement.Sid => jsonencode(statement.Condition) if statement.Effect == "Allow" } == {
      AllowAccountsshoporders = jsonencode({
        "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"], "events:source" = ["shop.orders"] }
        Null                        = { "events:source" = "false" }
        StringEquals                = { "aws:PrincipalAccount" = ["210987654321"] }
      })
      AllowOrganizationgrouphr = jsonencode({
        "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"], "events:source" = ["group.hr"] }
        Null                        = { "events:source" = "false" }
        StringEquals                = { "aws:PrincipalOrgID" = ["o-a1b2c3d4e5"] }
        StringNotEquals             = { "aws:PrincipalAccount" = ["123456789012"] }
      })
      Allowmixed = jsonencode({
        ArnLike                     = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/mixed"] }
        "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"], "events:source" = ["mixed"] }
        Null                        = { "events:source" = "false" }
      })
      AllowAccountsmixed = jsonencode({
        "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"], "events:source" = ["mixed"] }
        Null                        = { "events:source" = "false" }
        StringEquals                = { "aws:PrincipalAccount" = ["310987654321"] }
      })
    }
    error_message = "Every entry of a call must be a request under the caller's own source."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.status) == 0 && length(aws_iam_role.status) == 0 && length(module.status_dlq) == 0
    error_message = "Without a bus for statuses there is nothing to deliver them with."
  }
}

run "restrict_producers_denies_an_account_the_sources_of_others" {
  command = plan

  variables {
    restrict_producers = true
    producers = {
      "shop.orders" = { accounts = ["210987654321"] }
      "group.hr"    = { organization_id = "o-a1b2c3d4e5", accounts = ["310987654321"], principals = ["arn:aws:iam::123456789012:role/hr"] }
    }
  }

  assert {
    condition = { for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement : statement.Sid => jsonencode(statement.Condition) if statement.Sid != "DenyStatusEventsOfOthers" } == {
      AllowProducers = jsonencode({
        ArnLike                     = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/hr"] }
        "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"] }
        Null                        = { "events:source" = "false" }
      })
      AllowAccounts = jsonencode({
        "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"] }
        Null                        = { "events:source" = "false" }
        StringEquals                = { "aws:PrincipalAccount" = ["210987654321", "310987654321"] }
      })
      AllowOrganizations = jsonencode({
        "ForAllValues:StringEquals" = { "events:detail-type" = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"] }
        Null                        = { "events:source" = "false" }
        StringEquals                = { "aws:PrincipalOrgID" = ["o-a1b2c3d4e5"] }
        StringNotEquals             = { "aws:PrincipalAccount" = ["123456789012"] }
      })
      Deny0 = jsonencode({
        "ForAnyValue:StringEquals" = { "events:source" = ["shop.orders"] }
        StringNotEquals            = { "aws:PrincipalAccount" = ["210987654321"] }
      })
      Deny1 = jsonencode({
        ArnNotLike                 = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/hr"] }
        "ForAnyValue:StringEquals" = { "events:source" = ["group.hr"] }
        StringNotEquals            = { "aws:PrincipalAccount" = ["310987654321"], "aws:PrincipalOrgID" = ["o-a1b2c3d4e5"] }
      })
      DenyOtherSources = jsonencode({
        ArnNotLike                    = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/path/SenderRole", "arn:aws:iam::123456789012:role/path/FeedbackRole"] }
        "ForAnyValue:StringNotEquals" = { "events:source" = ["group.hr", "shop.orders"] }
      })
    }
    error_message = "Denied is who is none of a source's owners; all other sources are denied to accounts and organisations."
  }
}

run "statuses_of_a_producer_and_no_others_go_to_its_bus" {
  command = plan

  variables {
    status_event_source = "mail.engine"
    role_path           = "/engines/"
    regional_names      = true
    producers = {
      "shop/orders" = { status_event_bus_arn = "arn:aws:events:eu-west-1:210987654321:event-bus/shop_orders-statuses" }
      "shop.blog"   = { status_event_bus_arn = "arn:aws:events:us-east-1:310987654321:event-bus/blog" }
      "local"       = {}
    }
  }

  assert {
    condition = { for source, rule in aws_cloudwatch_event_rule.status : rule.name => jsondecode(rule.event_pattern) } == {
      "shop_orders-status-bus" = { source = ["mail.engine"], "detail-type" = ["Email Status Changed", "Email Unsubscribed", "Email Resubscribed"], detail = { originalSource = ["shop/orders"] } }
      "shop.blog-status-bus"   = { source = ["mail.engine"], "detail-type" = ["Email Status Changed", "Email Unsubscribed", "Email Resubscribed"], detail = { originalSource = ["shop.blog"] } }
    }
    error_message = "A bus gets the statuses of its own source's emails."
  }

  assert {
    condition = { for source, target in aws_cloudwatch_event_target.status : source => target.arn } == {
      "shop/orders" = "arn:aws:events:eu-west-1:210987654321:event-bus/shop_orders-statuses"
      "shop.blog"   = "arn:aws:events:us-east-1:310987654321:event-bus/blog"
    }
    error_message = "Each source has its own bus."
  }

  assert {
    condition = alltrue([
      aws_iam_role.status[0].name == "sesmailengine-StatusEventsRole-eu-west-1", aws_iam_role.status[0].path == "/engines/",
      jsonencode(jsondecode(aws_iam_role_policy.status[0].policy).Statement[0]) == jsonencode({
        Sid = "PublishStatusesElsewhere", Effect = "Allow", Action = ["events:PutEvents"], Resource = [
          "arn:aws:events:us-east-1:310987654321:event-bus/blog", "arn:aws:events:eu-west-1:210987654321:event-bus/shop_orders-statuses",
        ]
      }),
      jsonencode(jsondecode(aws_iam_role.status[0].assume_role_policy).Statement[0].Condition) == jsonencode({
        ArnLike      = { "aws:SourceArn" = ["arn:aws:events:eu-west-1:123456789012:rule/sesmailengine-EmailBus/*-status-bus"] }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }),
    ])
    error_message = "The role publishes on these buses, for these rules, and nothing else."
  }

  assert {
    condition     = local.dead_letter_queues.StatusEventsDLQ == "sesmailengine-StatusEventsDLQ"
    error_message = "What a bus rejected is kept, and an alarm watches it."
  }
}

run "a_long_source_has_a_rule_name_of_at_most_64_characters" {
  command = plan

  variables {
    producers = { for i in range(2) : "${join("", [for j in range(60) : "team"])}-${i}" => { status_event_bus_arn = "arn:aws:events:eu-west-1:210987654321:event-bus/x" } }
  }

  assert {
    condition     = length(distinct(values(local.status_rules))) == 2 && alltrue([for name in values(local.status_rules) : length(name) <= 64])
    error_message = "EventBridge takes 64 characters, and names must differ."
  }
}

run "many_buses_for_statuses_fit_into_the_policies_of_role_and_queue" {
  command = plan

  variables {
    producers = { for i in range(90) : "shop.number${i}" => { status_event_bus_arn = "arn:aws:events:eu-west-1:210987654321:event-bus/shop.number${i}-statuses" } }
  }

  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
  assert {
    condition     = length(aws_iam_role.status[0].assume_role_policy) <= 2048
    error_message = "IAM takes a trust policy of 2,048 characters."
  }

  assert {
    condition     = join(",", local.status_rule_arns) == "arn:aws:events:eu-west-1:123456789012:rule/sesmailengine-EmailBus/*-status-bus" && alltrue([for name in values(local.status_rules) : endswith(name, "-status-bus")])
    error_message = "SQS takes a policy of 8,192 bytes: one pattern stands for all rules."
  }

  assert {
    condition     = length(aws_iam_role_policy.status[0].policy) <= 10240
    error_message = "IAM takes inline policies of 10,240 characters."
  }
}

run "the_engines_own_bus_is_no_bus_for_statuses" {
  command = plan

  variables {
    producers = { "shop" = { status_event_bus_arn = "arn:aws:events:eu-west-1:123456789012:event-bus/sesmailengine-EmailBus" } }
  }

  expect_failures = [aws_cloudwatch_event_rule.status]
}

run "more_buses_than_a_roles_policy_takes_are_an_error_of_the_plan" {
  command = plan

  variables {
    producers = { for i in range(160) : "shop.number${i}" => { status_event_bus_arn = "arn:aws:events:eu-west-1:210987654321:event-bus/shop.number${i}-statuses" } }
  }

  expect_failures = [aws_iam_role_policy.status]
}
