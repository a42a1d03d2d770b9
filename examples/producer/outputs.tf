output "status_rule_arn" {
  description = "Rule that selects the statuses of this team's emails."
  value       = module.emails.status_rule_arn
}
