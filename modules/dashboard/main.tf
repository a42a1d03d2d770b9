# ---------------------------------------------------------------------------------------------------------------------
# One dashboard: requests, outcomes, waiting emails, failures, reputation in SES.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  console = var.account.partition == "aws-cn" ? "console.amazonaws.cn" : "console.aws.amazon.com"

  # A row has widgets of equal width; a widget has a title, metrics and a statistic.
  rows = [
    [
      {
        title   = "Requests reaching the queues"
        stat    = "Sum"
        metrics = [for rule in var.rule_names : ["AWS/Events", "MatchedEvents", "EventBusName", var.event_bus_name, "RuleName", rule]]
      },
      {
        title   = "Emails by outcome"
        stat    = "Sum"
        metrics = [for metric in ["EmailSent", "EmailSunk", "EmailFailed", "EmailDeferred"] : ["SESMail", metric, "Name", var.name]]
      },
      {
        title   = "What SES reports"
        stat    = "Sum"
        metrics = [for metric in ["Send", "Delivery", "Bounce", "Complaint", "Reject"] : ["AWS/SES", metric]]
      },
    ],
    [
      {
        title = "Bounce and complaint rate of the account"
        stat  = "Maximum"
        metrics = [
          ["AWS/SES", "Reputation.BounceRate"],
          ["AWS/SES", "Reputation.ComplaintRate", { yAxis = "right" }],
        ]
      },
      {
        title   = "Paused (1 = something is)"
        stat    = "Maximum"
        metrics = [["SESMail", "SendingPaused", "Name", var.name]]
      },
      {
        title   = "Daily quota used (1 = all)"
        stat    = "Maximum"
        metrics = [["SESMail", "DailyQuotaUsed", "Name", var.name]]
      },
    ],
    [
      {
        title   = "Oldest message, seconds"
        stat    = "Maximum"
        metrics = [for name in values(var.queue_names) : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name]]
      },
      {
        title   = "Messages waiting"
        stat    = "Maximum"
        metrics = [for name in values(var.queue_names) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]]
      },
      {
        title   = "Dead letters"
        stat    = "Maximum"
        metrics = [for name in values(var.dead_letter_queue_names) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]]
      },
    ],
    [
      {
        title   = "Failed invocations"
        stat    = "Sum"
        metrics = [for name in var.function_names : ["AWS/Lambda", "Errors", "FunctionName", name]]
      },
      {
        title   = "Failed records"
        stat    = "Sum"
        metrics = [for name in var.function_names : ["SESMail", "RecordFailed", "Name", var.name, "FunctionName", name]]
      },
      {
        title   = "Duration, milliseconds (p95)"
        stat    = "p95"
        metrics = [for name in var.function_names : ["AWS/Lambda", "Duration", "FunctionName", name]]
      },
    ],
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.dashboard_name

  dashboard_body = jsonencode({
    widgets = flatten([for y, row in local.rows : [for x, widget in row : {
      type   = "metric"
      x      = x * 8
      y      = y * 6
      width  = 8
      height = 6
      properties = {
        title   = widget.title
        stat    = widget.stat
        metrics = widget.metrics
        region  = var.account.region
        period  = 300
        view    = "timeSeries"
      }
    }]])
  })
}
