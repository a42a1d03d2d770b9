# Known at plan time; depends_on lets what uses it wait for the identity and its records.
output "domain" {
  description = "The domain. Build the engine's default_sender_email from it, so that Terraform creates the identity and its records first."
  value       = var.domain
  depends_on  = [aws_sesv2_email_identity_mail_from_attributes.this, aws_route53_record.this]
}

output "identity_arn" {
  description = "ARN of the identity in SES."
  value       = aws_sesv2_email_identity.this.arn
}

output "mail_from_domain" {
  description = "The MAIL FROM domain."
  value       = local.mail_from_domain
}

output "dkim_hosted_zone" {
  description = "Zone that the DKIM records point into; it must equal SigningHostedZone in SES's answer to GetEmailIdentity."
  value       = local.dkim_hosted_zone
}

output "tracking_domain" {
  description = "Value for the engine's tracking_domain; null without tracking_subdomain."
  value       = one(values(local.tracking_record)[*].name)
  depends_on  = [aws_sesv2_email_identity.this, aws_route53_record.this]
}

output "dns_records" {
  description = "DNS records, each with name, type, ttl (in seconds) and value. Without a zone, add them to your DNS."
  value       = [for key in sort(keys(local.records)) : { for name in ["name", "type", "ttl", "value"] : name => local.records[key][name] }]
}

output "zone_file" {
  description = "The DNS records as lines of a zone file, which most DNS providers import."
  value       = join("", [for key in sort(keys(local.records)) : "${local.records[key].name}. ${local.records[key].ttl} IN ${local.records[key].type} ${local.zone_file_values[key]}\n"])
}
