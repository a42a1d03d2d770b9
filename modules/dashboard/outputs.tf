output "url" {
  description = "Address of the dashboard in the AWS console."
  value       = "https://${var.account.region}.${local.console}/cloudwatch/home?region=${var.account.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}
