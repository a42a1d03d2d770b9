# ---------------------------------------------------------------------------------------------------------------------
# A signed webhook for statuses: rule → queue → function → URL, then the dead-letter queue. EventBridge invokes a function
# asynchronously and retries it for six hours at most by a schedule of its own; a queue keeps each status until it was
# accepted: docs/adr/0070-signed-webhooks.md.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  signed  = local.https && try(coalesce(var.status_target.signed, false), false)
  account = { partition = data.aws_partition.current.partition, region = data.aws_region.current.id, id = data.aws_caller_identity.current.account_id }

  # The longest name derived from it is that of the role, of 64 characters: -StatusWebhook, Role and a region take 33.
  signed_words = replace("${trimsuffix(local.bus.name, "-EmailBus")}-${var.event_source}", "/[^A-Za-z0-9-]/", "_")
  signed_short = length(local.signed_words) <= 31 ? local.signed_words : "${substr(local.signed_words, 0, 22)}-${substr(sha1(local.signed_words), 0, 8)}"
  signed_name  = "${local.signed_short}-StatusWebhook"

  # A release has the packages of each processor next to the modules; `make package` has written into dist.
  release_dir  = "${path.module}/../../dist/${var.lambda_runtime}-${var.lambda_architecture}"
  built_dir    = fileexists("${local.release_dir}/manifest.json") ? local.release_dir : "${path.module}/../../dist"
  package_path = "${var.package_dir != null ? var.package_dir : local.built_dir}/status_webhook.zip"

  # Reading the secret, ten posts at the same time within ten seconds, and hiding what failed.
  signed_timeout_seconds = 45
  max_tries              = local.signed ? coalesce(var.status_target.max_tries, 110) : null
  secret_version         = local.signed ? coalesce(var.status_target.secret_version, 1) : null

  status_queue_writers = [{ sid = "StatusRule", service = "events.amazonaws.com", source_arns = [local.rule_arn] }]
}

module "signed_queue" {
  source = "../queue"
  count  = local.signed ? 1 : 0

  name              = "${local.signed_name}Queue"
  dead_letter_name  = "${local.signed_name}DLQ"
  account           = local.account
  max_receive_count = local.max_tries
  writers           = local.status_queue_writers
  tags              = var.tags

  # What the rule cannot put on the queue goes there too.
  dead_letter_writers = local.status_queue_writers

  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  visibility_timeout_seconds = 6 * local.signed_timeout_seconds
}

module "signed_webhook" {
  source = "../lambda_function"
  count  = local.signed ? 1 : 0

  name               = local.signed_name
  description        = "Posts the statuses of ${var.event_source} to its webhook, signed"
  account            = local.account
  package_path       = local.package_path
  runtime            = var.lambda_runtime
  architecture       = var.lambda_architecture
  layer_arns         = []
  memory_mb          = 256
  timeout_seconds    = local.signed_timeout_seconds
  log_retention_days = var.log_retention_days
  tracing_enabled    = false
  tags               = var.tags

  role_name_suffix         = var.regional_names ? "-${data.aws_region.current.id}" : ""
  role_path                = var.role_path
  permissions_boundary_arn = var.permissions_boundary_arn

  environment = {
    WEBHOOK_URL             = var.status_target.url
    QUEUE_URL               = module.signed_queue[0].url
    SECRET_ARN              = aws_secretsmanager_secret.webhook[0].arn
    MAX_TRIES               = tostring(local.max_tries)
    ALLOW_PRIVATE_ADDRESSES = tostring(coalesce(var.status_target.allow_private_addresses, false))
  }

  policy_statements = [
    {
      sid     = "CreateAndReadSigningSecret"
      actions = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
      # Secrets Manager ends a secret's ARN with six random characters.
      resources = ["arn:${local.account.partition}:secretsmanager:${local.account_arn}:secret:${local.signed_name}-??????"]
    },
    {
      sid       = "DelayFailedStatuses"
      actions   = ["sqs:ChangeMessageVisibility"]
      resources = [module.signed_queue[0].arn]
    },
  ]

  # Each call of the function posts ten statuses at the same time.
  event_sources = {
    statuses = { queue_arn = module.signed_queue[0].arn, maximum_concurrency = coalesce(var.status_target.maximum_concurrency, 5) }
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# The signing secret: the function makes it up and writes it, so that neither plan nor state contains it.
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_secretsmanager_secret" "webhook" {
  # checkov:skip=CKV_AWS_149: Secrets Manager encrypts it with the account's own key; the secret only signs statuses
  # checkov:skip=CKV2_AWS_57: rotated by status_target.secret_version, because the receiver needs the new one as well
  count = local.signed ? 1 : 0

  name        = local.signed_name
  description = "Signs the statuses of ${var.event_source} (Standard Webhooks); the receiver verifies with it"
  tags        = var.tags

  # A new one does the same, and a deleted one keeps its name for days.
  recovery_window_in_days = 0
}

# Called again, by replacement, when the version changes or the secret is another one (deleted by hand, or renamed): a
# new secret has no value. For a version that exists, the function does nothing.
resource "aws_lambda_invocation" "webhook_secret" {
  count = local.signed ? 1 : 0

  function_name = module.signed_webhook[0].name
  input         = jsonencode({ secret_version = local.secret_version })
  triggers      = { secret = aws_secretsmanager_secret.webhook[0].arn }
}
