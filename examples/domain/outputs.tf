output "dns_records" {
  description = "The DNS records of the domain."
  value       = module.domain.dns_records
}

output "zone_file" {
  description = "The same records as a zone file: terraform output -raw zone_file."
  value       = module.domain.zone_file
}

output "event_bus_name" {
  description = "Bus to put email requests on."
  value       = module.sesmail.event_bus_name
}
