output "event_bus_arn" {
  description = "ARN of the engine's bus: what the shop puts into EventBusName of its requests."
  value       = module.sesmail.event_bus_arn
}

output "status_event_bus_arn" {
  description = "ARN of the shop's bus for the statuses of its emails."
  value       = module.shop_emails.status_event_bus_arn
}
