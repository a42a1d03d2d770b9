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

run "a_producers_tenant_is_in_its_policy_and_no_others" {
  command = plan

  variables {
    producers = { "shop" = { ses_tenant = "shop-1" }, "blog" = {} }
  }

  assert {
    condition = (
      jsondecode(aws_dynamodb_table_item.producer["shop"].item)["sesTenant"] == { S = "shop-1" } &&
      !can(jsondecode(aws_dynamodb_table_item.producer["blog"].item)["sesTenant"]) &&
      !can(jsondecode(aws_dynamodb_table_item.producer["*"].item)["sesTenant"])
    )
    error_message = "Only a producer with ses_tenant has one in its policy."
  }
}

run "without_a_named_set_the_identitys_default_set_may_be_used" {
  command = plan

  variables {
    create_configuration_set = false
  }

  assert {
    condition = [for statement in local.sender_statements : statement if contains(statement.actions, "ses:SendRawEmail")] == [
      local.send_statement,
      {
        sid       = "SendWithDefaultSetOfIdentity"
        actions   = ["ses:SendRawEmail"]
        resources = ["arn:aws:ses:eu-west-1:123456789012:configuration-set/*"]
        condition = local.send_statement.condition
      },
    ]
    error_message = "SES checks the permission on the identity's default configuration set, too."
  }
}

run "a_named_set_is_the_only_one" {
  command = plan

  variables {
    create_configuration_set = false
    configuration_set_name   = "theirs"
  }

  assert {
    condition = flatten([for statement in local.sender_statements : statement.resources if contains(statement.actions, "ses:SendRawEmail")]) == [
      "arn:aws:ses:eu-west-1:123456789012:identity/*",
      "arn:aws:ses:eu-west-1:123456789012:configuration-set/theirs",
    ]
    error_message = "With a configuration set of its own, the sender may use no other."
  }
}
