output "requested" {
  description = "Concurrent executions that all event sources together may ask for."
  value       = local.requested
}
