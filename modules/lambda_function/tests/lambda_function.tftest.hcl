mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  name         = "mail-EmailSender"
  description  = "Sends"
  account      = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  package_path = "../sesmail/tests/package/email_sender.zip"
}

run "function_has_a_role_and_a_log_of_its_own" {
  command = plan

  variables {
    memory_mb          = 512
    timeout_seconds    = 30
    log_retention_days = 30
    environment        = { NAME = "value" }
  }

  assert {
    condition     = aws_iam_role.this.name == "mail-EmailSenderRole" && output.arn == "arn:aws:lambda:eu-west-1:123456789012:function:mail-EmailSender"
    error_message = "Role and ARN must follow the function's name."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Sid       = "AssumedByLambda"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
    error_message = "Only Lambda may assume the role."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == [{
      Sid      = "WriteOwnLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/mail-EmailSender:*"]
    }]
    error_message = "Without statements of its own, a function may write its log and nothing else."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/mail-EmailSender" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must be the one that Lambda writes to, and must expire."
  }

  assert {
    condition     = aws_lambda_function.this.handler == "handler.handler" && aws_lambda_function.this.memory_size == 512 && aws_lambda_function.this.timeout == 30
    error_message = "Handler, memory and timeout must be as asked for."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "PassThrough" && length(aws_lambda_function_recursion_config.this) == 0
    error_message = "Tracing and recursion are off unless asked for."
  }
}

run "queues_feed_it_in_batches_of_ten_with_partial_failures" {
  command = plan

  variables {
    allow_recursion = true
    event_sources = {
      email = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:mail-EmailQueue", maximum_concurrency = 7 }
    }
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.this["email"].batch_size == 10 &&
      aws_lambda_event_source_mapping.this["email"].function_response_types == toset(["ReportBatchItemFailures"]) &&
      aws_lambda_event_source_mapping.this["email"].scaling_config[0].maximum_concurrency == 7
    )
    error_message = "The queue must be read in batches of ten, with partial failures and bounded concurrency."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[1] == {
      Sid      = "ReadEventSources"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      Resource = ["arn:aws:sqs:eu-west-1:123456789012:mail-EmailQueue"]
    }
    error_message = "The role must be able to read its own queues only."
  }

  assert {
    condition     = aws_lambda_function_recursion_config.this[0].recursive_loop == "Allow"
    error_message = "allow_recursion must switch Lambda's loop guard off."
  }
}

run "tracing_brings_its_right_and_says_why_it_is_wide" {
  command = plan

  variables {
    tracing_enabled = true
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "tracing_enabled must trace."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[1] == {
      Sid      = "XRayHasNoResourceLevel"
      Effect   = "Allow"
      Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      Resource = ["*"]
    }
    error_message = "X-Ray has no resource level, and the sid must say so."
  }
}

run "statements_keep_their_conditions" {
  command = plan

  variables {
    policy_statements = [{
      sid       = "Send"
      actions   = ["ses:SendRawEmail"]
      resources = ["arn:aws:ses:eu-west-1:123456789012:identity/*"]
      condition = { StringLike = { "ses:FromAddress" = ["*@example.com"] } }
    }]
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[1].Condition == {
      StringLike = { "ses:FromAddress" = ["*@example.com"] }
    }
    error_message = "A condition that is lost widens the right."
  }
}

run "a_wildcard_action_is_refused" {
  command = plan

  variables {
    policy_statements = [{ sid = "Wide", actions = ["s3:Get*"], resources = ["arn:aws:s3:::bucket/*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_wildcard_resource_without_reason_is_refused" {
  command = plan

  variables {
    policy_statements = [{ sid = "Wide", actions = ["s3:GetObject"], resources = ["*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_missing_package_is_named" {
  command = plan

  variables {
    package_path = "nowhere/email_sender.zip"
  }

  expect_failures = [aws_lambda_function.this]
}

run "values_below_their_range_are_refused" {
  command = plan

  variables {
    name               = "with.dot"
    description        = ""
    account            = { partition = "aws", region = "eu-west-1", id = "1234" }
    package_path       = "email_sender"
    runtime            = "nodejs22.x"
    architecture       = "riscv"
    memory_mb          = 127
    timeout_seconds    = 0
    log_retention_days = 2
    layer_arns         = ["a", "b", "c", "d", "e", "f"]
    event_sources      = { email = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q", maximum_concurrency = 1 } }
  }

  expect_failures = [
    var.name, var.description, var.account, var.package_path, var.runtime, var.architecture, var.memory_mb, var.timeout_seconds,
    var.log_retention_days, var.layer_arns, var.event_sources,
  ]
}

run "values_above_their_range_are_refused" {
  command = plan

  variables {
    name            = "a-name-of-more-than-sixty-letters-a-name-of-more-than-sixty-lett"
    memory_mb       = 10241
    timeout_seconds = 901
    event_sources   = { email = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:q", maximum_concurrency = 1001 } }
  }

  expect_failures = [var.name, var.memory_mb, var.timeout_seconds, var.event_sources]
}
