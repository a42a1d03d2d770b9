output "event_bus_name" {
  description = "Bus to put email requests on."
  value       = module.sesmail.event_bus_name
}

output "dashboard_url" {
  description = "The dashboard in the AWS console."
  value       = module.sesmail.dashboard_url
}

output "producer_policies" {
  description = "IAM policy of each producer."
  value       = module.sesmail.producer_policies
}
