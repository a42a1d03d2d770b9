# ---------------------------------------------------------------------------------------------------------------------
# One function with its role, its log group and the queues that feed it.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  log_group_name = "/aws/lambda/${var.name}"
  log_group_arn  = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:${local.log_group_name}"
  function_arn   = "arn:${var.account.partition}:lambda:${var.account.region}:${var.account.id}:function:${var.name}"

  log_statement = {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:*"]
    condition = null
  }
  event_source_statement = {
    sid       = "ReadEventSources"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [for source in var.event_sources : source.queue_arn]
    condition = null
  }
  tracing_statement = {
    sid       = "XRayHasNoResourceLevel"
    actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources = ["*"]
    condition = null
  }
  statements = concat(
    [local.log_statement],
    length(var.event_sources) > 0 ? [local.event_source_statement] : [],
    var.tracing_enabled ? [local.tracing_statement] : [],
    var.policy_statements,
  )

  # Of a role's inline policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  policy_limit = 10240
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in local.statements : merge(
      {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      },
      statement.condition == null ? {} : { Condition = statement.condition },
    )]
  })
}

# ---------------------------------------------------------------------------------------------------------------------
# Role
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_iam_role" "this" {
  name                 = "${var.name}Role${var.role_name_suffix}"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary_arn
  description          = "Execution role of ${var.name}"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumedByLambda"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = var.name
  role = aws_iam_role.this.name

  policy = local.policy

  lifecycle {
    precondition {
      condition     = length(local.policy) <= local.policy_limit
      error_message = "The policy of ${var.name} would have ${length(local.policy)} characters, and IAM allows ${local.policy_limit}. Let producers share senders (such as *@example.com) and attachment_prefixes."
    }
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Function
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts every log at rest; these hold no addresses, bodies or template data
  # checkov:skip=CKV_AWS_338: the owner decides (log_retention_days); 90 days are the default, for privacy
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_115: concurrency is bounded per queue; reserving it takes it from the account's other functions, so the owner decides
  # checkov:skip=CKV_AWS_116: for asynchronous invocation, of which there is none: dead letters belong to the queues
  # checkov:skip=CKV_AWS_117: talks to AWS only; in a VPC it would need a NAT gateway or seven endpoints and gain nothing
  # checkov:skip=CKV_AWS_173: names and numbers only, no secret; Lambda encrypts them with its own key
  # checkov:skip=CKV_AWS_272: signing needs the owner's signing profile; the packages are built reproducibly
  function_name    = var.name
  description      = var.description
  role             = aws_iam_role.this.arn
  filename         = var.package_path
  source_code_hash = fileexists(var.package_path) ? filebase64sha256(var.package_path) : null
  handler          = "handler.handler"
  runtime          = var.runtime
  architectures    = [var.architecture]
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  layers           = var.layer_arns
  tags             = var.tags

  reserved_concurrent_executions = var.reserved_concurrency

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = var.tracing_enabled ? "Active" : "PassThrough"
  }

  # The log group first, else Lambda creates one of its own that never expires; the policy first, else the first
  # invocation may run without rights.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]

  lifecycle {
    precondition {
      condition     = fileexists(var.package_path)
      error_message = "${var.package_path} is missing. Run `make package`, or set package_dir to the folder that contains the packages."
    }
  }
}

resource "aws_lambda_function_recursion_config" "this" {
  count = var.allow_recursion ? 1 : 0

  function_name  = aws_lambda_function.this.function_name
  recursive_loop = "Allow"
}

# ---------------------------------------------------------------------------------------------------------------------
# Event sources
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_lambda_event_source_mapping" "this" {
  for_each = var.event_sources

  event_source_arn                   = each.value.queue_arn
  function_name                      = aws_lambda_function.this.function_name
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.batching_seconds
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags

  scaling_config {
    maximum_concurrency = each.value.maximum_concurrency
  }

  # Lambda stops a loop through the function's own queue after 16 hops unless it is allowed before messages flow.
  depends_on = [aws_lambda_function_recursion_config.this]
}
