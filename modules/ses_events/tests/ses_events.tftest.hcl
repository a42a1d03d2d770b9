mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mock" }
  }
}

variables {
  name                     = "mail"
  account                  = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  feedback_queue_arn       = "arn:aws:sqs:eu-west-1:123456789012:mail-FeedbackQueue"
  dead_letter_queue_arn    = "arn:aws:sqs:eu-west-1:123456789012:mail-FeedbackProcessorDLQ"
  create_configuration_set = true
  configuration_set_name   = null
  tls_policy               = "REQUIRE"
  open_tracking            = true
  click_tracking           = false
  tracking_domain          = null
  tracking_https           = false
  kms_key_arn              = null
}

run "ses_reports_to_the_feedback_queue_and_only_this_set_may_publish" {
  command = plan

  assert {
    condition = (
      aws_sesv2_configuration_set.this[0].configuration_set_name == "mail-ConfigSet" &&
      aws_sesv2_configuration_set.this[0].delivery_options[0].tls_policy == "REQUIRE" &&
      aws_sesv2_configuration_set.this[0].reputation_options[0].reputation_metrics_enabled
    )
    error_message = "The configuration set must require TLS and measure reputation."
  }

  assert {
    condition = aws_sesv2_configuration_set_event_destination.this[0].event_destination[0].matching_event_types == toset([
      "SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY", "SUBSCRIPTION", "OPEN",
    ])
    error_message = "All events must be reported, clicks excepted: they rewrite reset links."
  }

  assert {
    condition     = output.configuration_set_name == "mail-ConfigSet" && output.configuration_set_arn == "arn:aws:ses:eu-west-1:123456789012:configuration-set/mail-ConfigSet"
    error_message = "The outputs must name the configuration set."
  }

  assert {
    condition = jsondecode(aws_sns_topic.this.policy).Statement == [{
      Sid       = "PublishedBySes"
      Effect    = "Allow"
      Principal = { Service = "ses.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = "arn:aws:sns:eu-west-1:123456789012:mail-SESFeedback"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:aws:ses:eu-west-1:123456789012:configuration-set/mail-ConfigSet" }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }]
    error_message = "The topic must take events from this account's configuration set only."
  }

  assert {
    condition = (
      aws_sns_topic_subscription.feedback.protocol == "sqs" && aws_sns_topic_subscription.feedback.endpoint == var.feedback_queue_arn &&
      !aws_sns_topic_subscription.feedback.raw_message_delivery
    )
    error_message = "The feedback queue must get the events, with the topic's ARN in the envelope."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.feedback.redrive_policy) == { deadLetterTargetArn = var.dead_letter_queue_arn }
    error_message = "What cannot be delivered must go to the dead-letter queue."
  }
}

run "tracking_key_and_tls_follow_their_variables" {
  command = plan

  variables {
    open_tracking  = false
    click_tracking = true
    kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/1234"
    tls_policy     = "OPTIONAL"
  }

  assert {
    condition     = aws_sesv2_configuration_set.this[0].delivery_options[0].tls_policy == "OPTIONAL"
    error_message = "Whoever must reach servers without TLS may."
  }

  assert {
    condition = aws_sesv2_configuration_set_event_destination.this[0].event_destination[0].matching_event_types == toset([
      "SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY", "SUBSCRIPTION", "CLICK",
    ])
    error_message = "Opens and clicks must be reported only where asked for."
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1234"
    error_message = "The topic must use the customer's key."
  }
}

run "opens_are_tracked_on_ses_own_domain_unless_another_is_set" {
  command = plan

  assert {
    condition     = length(aws_sesv2_configuration_set.this[0].tracking_options) == 0
    error_message = "Without a domain there must be no redirect."
  }
}

run "a_tracking_domain_is_the_redirect_of_the_configuration_set" {
  command = plan

  variables {
    tracking_domain = "click.example.com"
  }

  assert {
    condition = (
      aws_sesv2_configuration_set.this[0].tracking_options[0].custom_redirect_domain == "click.example.com" &&
      aws_sesv2_configuration_set.this[0].tracking_options[0].https_policy == "OPTIONAL"
    )
    error_message = "The set must redirect through the domain, over HTTP where nothing has a certificate for it."
  }
}

run "tracking_over_https_requires_it" {
  command = plan

  variables {
    tracking_domain = "click.example.com"
    tracking_https  = true
  }

  assert {
    condition     = aws_sesv2_configuration_set.this[0].tracking_options[0].https_policy == "REQUIRE"
    error_message = "With a CDN in front, every tracking link must use HTTPS."
  }
}

run "an_existing_configuration_set_gets_an_event_destination" {
  command = plan

  variables {
    create_configuration_set = false
    configuration_set_name   = "theirs"
  }

  assert {
    condition     = length(aws_sesv2_configuration_set.this) == 0 && aws_sesv2_configuration_set_event_destination.this[0].configuration_set_name == "theirs"
    error_message = "A set of the user's must be used, not created, and must report to the topic."
  }

  assert {
    condition     = jsondecode(aws_sns_topic.this.policy).Statement[0].Condition.ArnLike == { "aws:SourceArn" = "arn:aws:ses:eu-west-1:123456789012:configuration-set/theirs" }
    error_message = "The topic must take events from the set that is used."
  }
}

run "the_configuration_set_is_optional" {
  command = plan

  variables {
    create_configuration_set = false
  }

  assert {
    condition     = length(aws_sesv2_configuration_set_event_destination.this) == 0 && output.configuration_set_name == "" && output.configuration_set_arn == null
    error_message = "Without a set there must be no destination, and an empty name."
  }

  assert {
    condition     = jsondecode(aws_sns_topic.this.policy).Statement[0].Condition.ArnLike == { "aws:SourceArn" = "arn:aws:ses:eu-west-1:123456789012:identity/*" }
    error_message = "Without a set, identities of this account may notify the topic."
  }
}
