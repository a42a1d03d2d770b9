# ---------------------------------------------------------------------------------------------------------------------
# The functions but the unsubscribe page's (unsubscribe.tf). What they may do is in permissions.tf.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  # A release has the packages of each processor next to the modules; `make package` has written into dist.
  release_dir    = "${path.module}/../../dist/${var.lambda_runtime}-${var.lambda_architecture}"
  built_dir      = fileexists("${local.release_dir}/manifest.json") ? local.release_dir : "${path.module}/../../dist"
  package_dir    = var.package_dir != null ? var.package_dir : local.built_dir
  package_suffix = var.layer_delivery == "bundled" ? "-bundled.zip" : ".zip"
  layer_arns     = module.layer[*].arn

  # SES's Send event settles a claim of unknown outcome; without SES events, sending again would be a guess.
  on_unknown_outcome = (
    var.on_unknown_outcome != null ? var.on_unknown_outcome
    : module.ses_events.configuration_set_name != "" ? "resend"
    : "fail"
  )

  sender_queues   = [module.email_queue, module.bulk_queue, module.retry_queue, module.bulk_retry_queue]
  function_queues = concat(local.sender_queues, [module.feedback_queue])

  sender_sources = {
    email      = { queue_arn = module.email_queue.arn, maximum_concurrency = var.email_sender_concurrency }
    bulk       = { queue_arn = module.bulk_queue.arn, maximum_concurrency = var.bulk_sender_concurrency }
    retry      = { queue_arn = module.retry_queue.arn, maximum_concurrency = var.email_sender_concurrency }
    bulk_retry = { queue_arn = module.bulk_retry_queue.arn, maximum_concurrency = var.bulk_sender_concurrency }
  }
  feedback_sources = {
    feedback = {
      queue_arn           = module.feedback_queue.arn
      maximum_concurrency = var.feedback_processor_concurrency
      batch_size          = 50
      batching_seconds    = local.feedback_batching_seconds
    }
  }

  common_environment = {
    ENVIRONMENT = var.environment
    LOG_LEVEL   = var.log_level
  }

  engine_environment = merge(local.common_environment, {
    # Memory of large messages goes back to the system: https://man7.org/linux/man-pages/man3/mallopt.3.html
    MALLOC_MMAP_THRESHOLD_ = "131072"

    TRACKING_TABLE                    = module.tables.tracking_name
    SUPPRESSION_TABLE                 = module.tables.suppression_name
    TEMPLATE_BUCKET                   = module.template_bucket.name
    SES_CONFIGURATION_SET             = module.ses_events.configuration_set_name
    EVENT_BUS_NAME                    = local.bus_name
    DEFAULT_SENDER_EMAIL              = local.default_sender_email
    DEFAULT_SENDER_NAME               = var.default_sender_name
    DATA_RETENTION_DAYS               = tostring(var.data_retention_days)
    CONSECUTIVE_SOFT_BOUNCE_THRESHOLD = tostring(var.consecutive_soft_bounce_threshold)

    SESMAIL_NAME                 = var.name
    SESMAIL_BRAND                = jsonencode({ for variable, value in var.brand : variable => value if value != null })
    SESMAIL_CONTROL_TABLE        = module.tables.control_name
    SESMAIL_PENDING_TABLE        = module.tables.pending_name
    SESMAIL_BULK_QUEUE_URL       = module.bulk_queue.url
    SESMAIL_RETRY_QUEUE_URL      = module.retry_queue.url
    SESMAIL_BULK_RETRY_QUEUE_URL = module.bulk_retry_queue.url
    SESMAIL_FEEDBACK_QUEUE_URL   = module.feedback_queue.url
    SESMAIL_DEAD_LETTER_QUEUES   = jsonencode({ for queue in local.function_queues : queue.name => queue.dead_letter_name })
    SESMAIL_FEEDBACK_TOPIC_ARN   = local.feedback_topic_arn
    SESMAIL_ALARM_TOPIC_ARN      = local.alarm_topic_arn
    SESMAIL_STATUS_EVENT_SOURCE  = var.status_event_source
    SESMAIL_TRACING              = tostring(var.tracing_enabled)

    SESMAIL_SES_API        = var.ses_api
    SESMAIL_UNKNOWN_FIELDS = var.unknown_fields

    SESMAIL_BULK_REQUIRES_UNSUBSCRIBE = var.bulk_requires_unsubscribe
    SESMAIL_UNSUBSCRIBE_URL           = local.unsubscribe_url

    SESMAIL_MAX_MESSAGE_MB       = tostring(var.max_message_mb)
    SESMAIL_MAX_REQUEST_KB       = tostring(var.max_request_kb)
    SESMAIL_MAX_SCHEDULE_DAYS    = tostring(var.max_schedule_days)
    SESMAIL_MAX_HOLD_HOURS       = tostring(var.max_hold_hours)
    SESMAIL_CLAIM_SETTLE_SECONDS = tostring(local.claim_settle_seconds)
    SESMAIL_ON_UNKNOWN_OUTCOME   = local.on_unknown_outcome

    SESMAIL_DELIVERY_MODE  = var.delivery.mode
    SESMAIL_DELIVERY_TO    = var.delivery.to != null ? var.delivery.to : ""
    SESMAIL_DELIVERY_ALLOW = join(",", coalesce(var.delivery.allow, []))

    SESMAIL_MAX_SEND_RATE       = var.max_send_rate != null ? tostring(var.max_send_rate) : ""
    SESMAIL_RATE_UTILISATION    = tostring(var.rate_utilisation)
    SESMAIL_BULK_RATE_SHARE     = tostring(var.bulk_rate_share)
    SESMAIL_DAILY_QUOTA_RESERVE = tostring(var.daily_quota_reserve)

    SESMAIL_SOFT_BOUNCE_RETRIES             = tostring(var.soft_bounce_retries)
    SESMAIL_SOFT_BOUNCE_RETRY_DELAY_SECONDS = tostring(var.soft_bounce_retry_delay_seconds)
    SESMAIL_NOT_SPAM_LIFTS_SUPPRESSION      = tostring(var.not_spam_lifts_suppression)
    SESMAIL_BREAKER_MODE                    = var.breaker_mode
    SESMAIL_BREAKER_MIN_EMAILS              = tostring(var.breaker_min_emails)
    SESMAIL_BREAKER_MIN_BOUNCES             = tostring(var.breaker_min_bounces)
    SESMAIL_BREAKER_MIN_COMPLAINTS          = tostring(var.breaker_min_complaints)
    SESMAIL_BREAKER_COOLDOWN_MINUTES        = tostring(var.breaker_cooldown_minutes)
    SESMAIL_BOUNCE_RATE_PAUSE_THRESHOLD     = tostring(var.bounce_rate_pause_threshold)
    SESMAIL_COMPLAINT_RATE_PAUSE_THRESHOLD  = tostring(var.complaint_rate_pause_threshold)
  })
}

module "layer" {
  source = "../layer"
  count  = var.layer_delivery == "layer" ? 1 : 0

  name         = "${var.name}-Layer"
  package_path = "${local.package_dir}/layer.zip"
  runtime      = var.lambda_runtime
  architecture = var.lambda_architecture
}

module "lambda_quota" {
  source = "../lambda_quota"
  count  = var.check_lambda_quota ? 1 : 0

  maximum_concurrency = { for name, source in merge(local.sender_sources, local.feedback_sources) : name => source.maximum_concurrency }
  reserved = sum([for reserved in [
    var.email_sender_reserved_concurrency,
    var.feedback_processor_reserved_concurrency,
    var.unsubscribe_endpoint ? var.unsubscribe_reserved_concurrency : null,
  ] : reserved == null ? 0 : reserved])
}

module "email_sender" {
  source = "../lambda_function"

  name               = "${var.name}-EmailSender"
  description        = "Guards, renders, paces and sends email requests"
  account            = local.account
  package_path       = "${local.package_dir}/email_sender${local.package_suffix}"
  runtime            = var.lambda_runtime
  architecture       = var.lambda_architecture
  layer_arns         = local.layer_arns
  memory_mb          = var.email_sender_memory
  timeout_seconds    = var.email_sender_timeout
  environment        = merge(local.engine_environment, { SESMAIL_TIMEOUT_SECONDS = tostring(var.email_sender_timeout) })
  policy_statements  = local.sender_statements
  log_retention_days = var.log_retention_days
  tracing_enabled    = var.tracing_enabled
  tags               = var.tags

  reserved_concurrency     = var.email_sender_reserved_concurrency
  role_name_suffix         = local.region_suffix
  role_path                = var.role_path
  permissions_boundary_arn = var.permissions_boundary_arn

  # Emails that are held, scheduled or retried wait in the retry queue, hop by hop.
  allow_recursion = true

  event_sources = local.sender_sources
}

module "feedback_processor" {
  source = "../lambda_function"

  name               = "${var.name}-FeedbackProcessor"
  description        = "Turns SES events into statuses, suppressions and status events"
  account            = local.account
  package_path       = "${local.package_dir}/feedback_processor${local.package_suffix}"
  runtime            = var.lambda_runtime
  architecture       = var.lambda_architecture
  layer_arns         = local.layer_arns
  memory_mb          = var.feedback_processor_memory
  timeout_seconds    = var.feedback_processor_timeout
  environment        = merge(local.engine_environment, { SESMAIL_TIMEOUT_SECONDS = tostring(var.feedback_processor_timeout) })
  policy_statements  = local.feedback_statements
  log_retention_days = var.log_retention_days
  tracing_enabled    = var.tracing_enabled
  tags               = var.tags

  reserved_concurrency     = var.feedback_processor_reserved_concurrency
  role_name_suffix         = local.region_suffix
  role_path                = var.role_path
  permissions_boundary_arn = var.permissions_boundary_arn

  # Events that cannot be handled now wait on the function's own queue, for a day at most.
  allow_recursion = true

  event_sources = local.feedback_sources
}

module "template_seeder" {
  source = "../lambda_function"

  name               = "${var.name}-TemplateSeeder"
  description        = "Creates the keys, installs and updates the starter templates"
  account            = local.account
  package_path       = "${local.package_dir}/template_seeder${local.package_suffix}"
  runtime            = var.lambda_runtime
  architecture       = var.lambda_architecture
  layer_arns         = local.layer_arns
  memory_mb          = 256
  timeout_seconds    = 60
  policy_statements  = local.seeder_statements
  log_retention_days = var.log_retention_days
  tracing_enabled    = var.tracing_enabled
  tags               = var.tags

  role_name_suffix         = local.region_suffix
  role_path                = var.role_path
  permissions_boundary_arn = var.permissions_boundary_arn

  environment = merge(local.common_environment, {
    SESMAIL_NAME            = var.name
    TEMPLATE_BUCKET         = module.template_bucket.name
    SESMAIL_STARTERS_BUCKET = module.template_bucket.name
    SESMAIL_STARTERS_KEY    = local.starters_key
  })
}
