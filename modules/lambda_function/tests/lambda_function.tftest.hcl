mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  name               = "mail-EmailSender"
  description        = "Sends"
  account            = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  package_path       = "../sesmail/tests/package/email_sender.zip"
  runtime            = "python3.13"
  architecture       = "arm64"
  memory_mb          = 256
  timeout_seconds    = 30
  environment        = {}
  layer_arns         = []
  policy_statements  = []
  log_retention_days = 90
  tracing_enabled    = false

  role_name_suffix         = ""
  role_path                = "/"
  permissions_boundary_arn = null
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

run "sources_tracing_and_statements_add_their_permissions" {
  command = plan

  variables {
    allow_recursion = true
    event_sources = {
      email = { queue_arn = "arn:aws:sqs:eu-west-1:123456789012:mail-EmailQueue", maximum_concurrency = 7 }
    }
    tracing_enabled = true
    policy_statements = [{
      sid       = "Send"
      actions   = ["ses:SendRawEmail"]
      resources = ["arn:aws:ses:eu-west-1:123456789012:identity/*"]
      condition = { StringLike = { "ses:FromAddress" = ["*@example.com"] } }
    }]
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

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "tracing_enabled must trace."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[2] == {
      Sid      = "XRayHasNoResourceLevel"
      Effect   = "Allow"
      Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      Resource = ["*"]
    }
    error_message = "X-Ray has no resource level, and the sid must say so."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[3].Condition == {
      StringLike = { "ses:FromAddress" = ["*@example.com"] }
    }
    error_message = "A lost condition would widen the permission."
  }
}

run "a_missing_package_is_named" {
  command = plan

  variables {
    package_path = "nowhere/email_sender.zip"
  }

  expect_failures = [aws_lambda_function.this]
}

run "role_and_concurrency_follow_their_variables" {
  command = plan

  variables {
    role_path                = "/engines/"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    reserved_concurrency     = 20
  }

  assert {
    condition     = aws_iam_role.this.path == "/engines/" && aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The role must be where, and bounded as, the organisation requires."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 20
    error_message = "The function must reserve its concurrency."
  }
}

run "nothing_is_reserved_or_bounded_by_default" {
  command = plan

  assert {
    condition     = aws_iam_role.this.permissions_boundary == null && aws_lambda_function.this.reserved_concurrent_executions == null
    error_message = "Reserved concurrency is taken from the account's other functions."
  }
}

run "a_policy_that_iam_would_reject_is_an_error_of_the_plan" {
  command = plan

  variables {
    policy_statements = [{ sid = "Read", actions = ["s3:GetObject"], resources = [for i in range(250) : "arn:aws:s3:::example-invoices/customers-${i}/*"] }]
  }

  expect_failures = [aws_iam_role_policy.this]
}
