# ---------------------------------------------------------------------------------------------------------------------
# Warns in plan and apply where the account runs fewer functions at once than the engine asks for: a new account has 10,
# not 1,000: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
# ---------------------------------------------------------------------------------------------------------------------

locals {
  # What Lambda keeps for functions without reserved concurrency:
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
  least_unreserved = 100

  requested = sum(values(var.maximum_concurrency))
}

check "lambda_concurrency" {
  data "aws_servicequotas_service_quota" "concurrent_executions" {
    service_code = "lambda"
    quota_code   = "L-B99A9384"
  }

  # Without an answer there is nothing to compare: a mock's is 0, an emulator's may be null.
  assert {
    condition     = try(data.aws_servicequotas_service_quota.concurrent_executions.value == 0 || local.requested <= data.aws_servicequotas_service_quota.concurrent_executions.value, true)
    error_message = "The engine's queues may run ${local.requested} functions at once, but this account may run only ${coalesce(data.aws_servicequotas_service_quota.concurrent_executions.value, 0)} (Lambda's quota Concurrent executions). Ask AWS for a higher quota, or lower email_sender_concurrency, bulk_sender_concurrency and feedback_processor_concurrency. Until then Lambda throttles all functions of the account: emails are late, but none is lost."
  }

  assert {
    condition     = try(data.aws_servicequotas_service_quota.concurrent_executions.value == 0 || var.reserved == 0 || var.reserved + local.least_unreserved <= data.aws_servicequotas_service_quota.concurrent_executions.value, true)
    error_message = "The apply will fail: email_sender_reserved_concurrency, feedback_processor_reserved_concurrency and unsubscribe_reserved_concurrency reserve ${var.reserved} executions together, the account may run ${coalesce(data.aws_servicequotas_service_quota.concurrent_executions.value, 0)}, and Lambda keeps ${local.least_unreserved} unreserved. Ask AWS for a higher quota, or leave them null."
  }
}
