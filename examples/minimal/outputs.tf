output "event_bus_name" {
  description = "Bus to put email requests on."
  value       = module.sesmail.event_bus_name
}
