mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mock" }
  }
}

variables {
  name                  = "mail"
  account               = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  feedback_queue_arn    = "arn:aws:sqs:eu-west-1:123456789012:mail-FeedbackQueue"
  dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:mail-FeedbackProcessorDLQ"
}

run "bad_values_are_refused" {
  command = plan

  variables {
    name                   = "mail_"
    account                = { partition = "aws", region = "eu-west-1", id = "1234" }
    configuration_set_name = "with space"
    feedback_queue_arn     = "mail-FeedbackQueue"
    dead_letter_queue_arn  = "arn:aws:sns:eu-west-1:123456789012:topic"
    kms_key_arn            = "alias/aws/sns"
  }

  expect_failures = [var.name, var.account, var.configuration_set_name, var.feedback_queue_arn, var.dead_letter_queue_arn, var.kms_key_arn]
}
