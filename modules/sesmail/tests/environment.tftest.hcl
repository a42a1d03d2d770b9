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
  mock_resource "aws_lambda_layer_version" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:layer:mock:1" }
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
  target = module.email_queue.aws_sqs_queue.this
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-EmailQueue" }
}

override_resource {
  target = module.bulk_queue.aws_sqs_queue.this
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-BulkQueue" }
}

override_resource {
  target = module.retry_queue.aws_sqs_queue.this
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-RetryQueue" }
}

override_resource {
  target = module.bulk_retry_queue.aws_sqs_queue.this
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-BulkRetryQueue" }
}

override_resource {
  target = module.feedback_queue.aws_sqs_queue.this
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-FeedbackQueue" }
}

override_resource {
  target = module.feedback_queue.aws_sqs_queue.dead_letter[0]
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-FeedbackProcessorDLQ" }
}

override_resource {
  target = module.email_queue.aws_sqs_queue.dead_letter[0]
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-EmailQueueDLQ" }
}

override_resource {
  target = module.bulk_queue.aws_sqs_queue.dead_letter[0]
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-BulkQueueDLQ" }
}

override_resource {
  target = module.retry_queue.aws_sqs_queue.dead_letter[0]
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-RetryDLQ" }
}

override_resource {
  target = module.bulk_retry_queue.aws_sqs_queue.dead_letter[0]
  values = { url = "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-BulkRetryDLQ" }
}

override_resource {
  target = module.email_sender.aws_iam_role.this
  values = { arn = "arn:aws:iam::123456789012:role/path/SenderRole" }
}

override_resource {
  target = module.unsubscribe[0].aws_iam_role.this
  values = { arn = "arn:aws:iam::123456789012:role/path/UnsubscribeRole" }
}

override_resource {
  target = aws_apigatewayv2_api.unsubscribe[0]
  values = {
    api_endpoint  = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5"
  }
}

override_resource {
  target = module.feedback_processor.aws_iam_role.this
  values = { arn = "arn:aws:iam::123456789012:role/path/FeedbackRole" }
}

# Queue URLs are known after apply only, so the functions' environment can be seen here alone. The Python tests read this
# run's state.
run "the_functions_environment" {
  command = apply

  variables {
    name          = "a-name-of-forty-letters-is-just-short-en"
    max_send_rate = 14

    email_sender_timeout       = 45
    feedback_processor_timeout = 12

    unsubscribe_endpoint = true
  }

  assert {
    condition     = output.email_queue_url == "https://sqs.eu-west-1.amazonaws.com/123456789012/a-name-of-forty-letters-is-just-short-en-EmailQueue"
    error_message = "The output must be the queue's address."
  }
}
