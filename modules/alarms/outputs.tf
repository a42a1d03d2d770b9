# Built rather than read, so that it is known at plan time; depends_on keeps the order of creation.
output "topic_arn" {
  description = "ARN of the SNS topic that every alarm publishes to."
  value       = local.topic_arn
  depends_on  = [aws_sns_topic.this]
}

output "pause_alarm_arns" {
  description = "ARNs of the alarms on SES's own rates, which pause the account."
  value       = [for key in keys(local.pause_alarms) : "arn:${var.account.partition}:cloudwatch:${local.account_arn}:alarm:${var.name}-SES-${key}-Pause"]
}

output "alarm_names" {
  description = "Names of all alarms."
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.dead_letter_depth : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.function_errors : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.reputation : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.reputation_pause : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.breaker_tripped : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.queue_age : alarm.alarm_name],
    [
      aws_cloudwatch_metric_alarm.sender_refused.alarm_name,
      aws_cloudwatch_metric_alarm.sending_paused.alarm_name,
      aws_cloudwatch_metric_alarm.waiting_transient.alarm_name,
      aws_cloudwatch_metric_alarm.throttles.alarm_name,
      aws_cloudwatch_metric_alarm.daily_quota.alarm_name,
      aws_cloudwatch_metric_alarm.undeliverable.alarm_name,
      aws_cloudwatch_metric_alarm.bulk_queue_age.alarm_name,
      aws_cloudwatch_metric_alarm.feedback_silent.alarm_name,
    ],
  ))
}
