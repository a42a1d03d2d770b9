variable "domain" {
  description = "Domain of your sender addresses, which is the part after the @. It may be a subdomain, such as news.example.com."
  type        = string

  validation {
    condition     = length(var.domain) <= 189 && can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.domain))
    error_message = "domain must be a domain in lower case without a trailing dot, such as example.com. Write an international domain in its xn-- form."
  }
}

variable "mail_from_subdomain" {
  description = "Part of the MAIL FROM domain before your domain. Bounces go to the MAIL FROM domain, and SPF is checked there. It must not receive or send any other mail."
  type        = string
  default     = "mail"

  validation {
    condition     = length(var.mail_from_subdomain) <= 63 && can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", var.mail_from_subdomain))
    error_message = "mail_from_subdomain must be the part before the domain only, in lower case, such as mail for mail.example.com."
  }
}

variable "dmarc" {
  description = "DMARC record of the domain. null creates none, for a domain that has one already."
  type = object({
    # What receivers do with mail that passes neither DKIM nor SPF. Begin with none, which only reports it.
    policy = optional(string, "none")
    # The same for mail of subdomains; null applies policy to them too.
    subdomain_policy = optional(string)
    # Addresses that receive the aggregate reports, separated by commas.
    rua = optional(string)
  })
  default = {}

  validation {
    condition     = alltrue([for policy in [try(var.dmarc.policy, null), try(var.dmarc.subdomain_policy, null)] : policy == null ? true : contains(["none", "quarantine", "reject"], policy)])
    error_message = "policy and subdomain_policy of dmarc must be none, quarantine or reject."
  }

  validation {
    condition     = try(var.dmarc.rua, null) == null ? true : length(join(",", [for address in split(",", var.dmarc.rua) : "mailto:${trimprefix(trimspace(address), "mailto:")}"])) <= 200 && alltrue([for address in split(",", var.dmarc.rua) : can(regex("^(mailto:)?[^@[:space:],;!?#%\"\\\\]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+$", trimspace(address)))])
    error_message = "rua of dmarc must be email addresses separated by commas, such as dmarc@example.com. With mailto: before each they may have at most 200 characters."
  }
}

variable "route53_zone_id" {
  description = "Id of the public Route 53 zone of the domain, or of a domain above it; the module creates the DNS records there. null creates none: add those of the output dns_records to your DNS."
  type        = string
  default     = null

  validation {
    condition     = var.route53_zone_id == null ? true : can(regex("^Z[A-Z0-9]{1,31}$", var.route53_zone_id))
    error_message = "route53_zone_id must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, not its name or ARN, or null."
  }
}

variable "create_records" {
  description = "Create the DNS records in Route 53. null creates them if route53_zone_id is set. Set it to true if the same configuration creates the zone, because Terraform does not know the zone's id at plan time."
  type        = bool
  default     = null
}

variable "tracking_subdomain" {
  description = "Part before your domain for links and images by which SES tracks clicks and opens; null creates no record. Set the engine's tracking_domain to the output of that name once SES has verified the domain."
  type        = string
  default     = null

  validation {
    condition     = var.tracking_subdomain == null ? true : length(var.tracking_subdomain) <= 63 && can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", var.tracking_subdomain))
    error_message = "tracking_subdomain must be the part before the domain only, in lower case, such as click for click.example.com, or null."
  }

  validation {
    condition     = var.tracking_subdomain == null ? true : var.tracking_subdomain != var.mail_from_subdomain
    error_message = "tracking_subdomain must not equal mail_from_subdomain, because a name with a CNAME record can have no other record. Choose another one."
  }
}

variable "tracking_target" {
  description = "Host that the tracking record points to: your CDN, for HTTPS. null uses SES's own host, which has no certificate for your domain."
  type        = string
  default     = null

  validation {
    condition     = var.tracking_target == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.tracking_target)) && var.tracking_subdomain != null
    error_message = "tracking_target must be a host name in lower case without a trailing dot, such as d111111abcdef8.cloudfront.net, or null. It needs tracking_subdomain."
  }
}

variable "dkim_hosted_zone" {
  description = "Zone in which SES publishes the DKIM keys of this identity; null uses the one that AWS documents for the region. Set it if SES shows another one (SigningHostedZone in its answer to GetEmailIdentity)."
  type        = string
  default     = null

  validation {
    condition     = var.dkim_hosted_zone == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.dkim_hosted_zone))
    error_message = "dkim_hosted_zone must be a host name in lower case without a trailing dot, such as dkim.eu-south-1.amazonses.com, or null."
  }
}

variable "tags" {
  description = "Tags of every resource in this module."
  type        = map(string)
  default     = {}
}
