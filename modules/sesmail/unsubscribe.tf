# ---------------------------------------------------------------------------------------------------------------------
# The unsubscribe page: one function behind an HTTP API, which throttles what is not mail clients and people.
#
# No function URL: its permission needs lambda:InvokedViaFunctionUrl, which version 5.100 of the provider cannot write.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  unsubscribe_endpoint = one(aws_apigatewayv2_api.unsubscribe[*].api_endpoint)
  unsubscribe_url      = var.unsubscribe_endpoint ? coalesce(var.unsubscribe_base_url, local.unsubscribe_endpoint) : ""
  unsubscribe_name     = "${var.name}-Unsubscribe"

  # Mail gateways look at links with HEAD; an HTTP API has no route for it by itself.
  unsubscribe_routes = var.unsubscribe_endpoint ? toset([for method in ["GET", "HEAD", "POST"] : "${method} /u/{token}"]) : toset([])
}

module "unsubscribe" {
  source = "../lambda_function"
  count  = var.unsubscribe_endpoint ? 1 : 0

  name               = local.unsubscribe_name
  description        = "The unsubscribe page and its one-click POST"
  account            = local.account
  package_path       = "${local.package_dir}/unsubscribe${local.package_suffix}"
  runtime            = var.lambda_runtime
  architecture       = var.lambda_architecture
  layer_arns         = local.layer_arns
  memory_mb          = 256
  timeout_seconds    = 15
  policy_statements  = local.unsubscribe_statements
  log_retention_days = var.log_retention_days
  tracing_enabled    = var.tracing_enabled
  tags               = var.tags

  reserved_concurrency     = var.unsubscribe_reserved_concurrency
  role_name_suffix         = local.region_suffix
  role_path                = var.role_path
  permissions_boundary_arn = var.permissions_boundary_arn

  environment = merge(local.common_environment, {
    SESMAIL_NAME                = var.name
    SESMAIL_TRACING             = tostring(var.tracing_enabled)
    SESMAIL_BRAND               = local.engine_environment.SESMAIL_BRAND
    SESMAIL_CONTROL_TABLE       = module.tables.control_name
    SESMAIL_STATUS_EVENT_SOURCE = var.status_event_source
    TRACKING_TABLE              = module.tables.tracking_name
    SUPPRESSION_TABLE           = module.tables.suppression_name
    EVENT_BUS_NAME              = local.bus_name
    DEFAULT_SENDER_NAME         = var.default_sender_name
  })
}

resource "aws_apigatewayv2_api" "unsubscribe" {
  count = var.unsubscribe_endpoint ? 1 : 0

  name          = local.unsubscribe_name
  description   = "Unsubscribe page of ${var.name}"
  protocol_type = "HTTP"
  tags          = var.tags
}

resource "aws_apigatewayv2_integration" "unsubscribe" {
  count = var.unsubscribe_endpoint ? 1 : 0

  api_id                 = aws_apigatewayv2_api.unsubscribe[0].id
  description            = "Calls ${local.unsubscribe_name}"
  integration_type       = "AWS_PROXY"
  integration_uri        = module.unsubscribe[0].arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 20000
}

resource "aws_apigatewayv2_route" "unsubscribe" {
  # checkov:skip=CKV_AWS_309: whoever gets an email may unsubscribe; the signature in the link is the authorisation
  for_each = local.unsubscribe_routes

  api_id    = aws_apigatewayv2_api.unsubscribe[0].id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.unsubscribe[0].id}"
}

resource "aws_apigatewayv2_stage" "unsubscribe" {
  # checkov:skip=CKV_AWS_76: a log of access would hold links, with which anyone could unsubscribe their recipients
  count = var.unsubscribe_endpoint ? 1 : 0

  api_id      = aws_apigatewayv2_api.unsubscribe[0].id
  name        = "$default"
  description = "Deploys every change"
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    throttling_rate_limit  = var.unsubscribe_requests_per_second
    throttling_burst_limit = 2 * var.unsubscribe_requests_per_second
  }
}

resource "aws_lambda_permission" "unsubscribe" {
  count = var.unsubscribe_endpoint ? 1 : 0

  statement_id  = "InvokedByUnsubscribeApi"
  action        = "lambda:InvokeFunction"
  function_name = module.unsubscribe[0].name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.unsubscribe[0].execution_arn}/*/*/u/*"
}
