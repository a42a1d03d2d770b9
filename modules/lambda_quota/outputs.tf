output "requested" {
  description = "Concurrent executions that all queues together may start."
  value       = local.requested
}
