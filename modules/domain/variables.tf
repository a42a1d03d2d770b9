variable "domain" {
  description = "Domain of the senders: what comes after the @. It may be a subdomain, such as news.example.com."
  type        = string

  validation {
    condition     = length(var.domain) <= 189 && can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.domain))
    error_message = "domain must be a domain in lower case without a trailing dot, such as example.com; international ones in their xn-- form."
  }
}

variable "mail_from_subdomain" {
  description = "Part before the domain that names the MAIL FROM domain, where bounces go and SPF is looked up. It must not receive or send other mail."
  type        = string
  default     = "mail"

  validation {
    condition     = length(var.mail_from_subdomain) <= 63 && can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", var.mail_from_subdomain))
    error_message = "mail_from_subdomain must be the part before the domain only, in lower case: mail for mail.example.com."
  }
}

variable "dmarc" {
  description = "The domain's DMARC record: policy for mail that is not authenticated, subdomain_policy for that of subdomains, rua for the addresses of aggregate reports, separated by commas. null writes no record, for a domain that has one."
  type        = object({ policy = optional(string, "none"), subdomain_policy = optional(string), rua = optional(string) })
  default     = {}

  validation {
    condition     = alltrue([for policy in [try(var.dmarc.policy, null), try(var.dmarc.subdomain_policy, null)] : policy == null ? true : contains(["none", "quarantine", "reject"], policy)])
    error_message = "policy and subdomain_policy of dmarc must be none, quarantine or reject."
  }

  validation {
    condition     = try(var.dmarc.rua, null) == null ? true : length(join(",", [for address in split(",", var.dmarc.rua) : "mailto:${trimprefix(trimspace(address), "mailto:")}"])) <= 200 && alltrue([for address in split(",", var.dmarc.rua) : can(regex("^(mailto:)?[^@[:space:],;!?#%\"\\\\]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+$", trimspace(address)))])
    error_message = "rua of dmarc must be one or more addresses separated by commas, such as dmarc@example.com, of at most 200 characters, with mailto: before each."
  }
}

variable "route53_zone_id" {
  description = "Public Route 53 zone of the domain, or of a domain above it, in which the records are created; null creates none: put the output dns_records into your DNS."
  type        = string
  default     = null

  validation {
    condition     = var.route53_zone_id == null ? true : can(regex("^Z[A-Z0-9]{1,31}$", var.route53_zone_id))
    error_message = "route53_zone_id must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, not its name or ARN, or null."
  }
}

variable "create_records" {
  description = "Create the records in Route 53; null does where route53_zone_id is set. Set it to true if the same configuration creates the zone, since Terraform does not know its id at plan time."
  type        = bool
  default     = null
}

variable "tracking_subdomain" {
  description = "Part before the domain through which SES tracks opens and clicks; null writes no record. Give the output tracking_domain to the engine once SES has verified the domain."
  type        = string
  default     = null

  validation {
    condition     = var.tracking_subdomain == null ? true : length(var.tracking_subdomain) <= 63 && can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", var.tracking_subdomain))
    error_message = "tracking_subdomain must be the part before the domain only, in lower case: click for click.example.com; or null."
  }

  validation {
    condition     = var.tracking_subdomain == null ? true : var.tracking_subdomain != var.mail_from_subdomain
    error_message = "tracking_subdomain must differ from mail_from_subdomain: a name with a CNAME record can have no other record."
  }
}

variable "tracking_target" {
  description = "Host that the tracking record points to: your CDN, for HTTPS; null for SES's own host, which has no certificate for your domain."
  type        = string
  default     = null

  validation {
    condition     = var.tracking_target == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.tracking_target)) && var.tracking_subdomain != null
    error_message = "tracking_target must be a host name in lower case without a trailing dot, such as d111111abcdef8.cloudfront.net, and needs tracking_subdomain."
  }
}

variable "dkim_hosted_zone" {
  description = "Zone in which SES publishes the DKIM keys, where it is not the one that AWS documents for the region: SigningHostedZone in SES's answer to GetEmailIdentity. null uses AWS's list."
  type        = string
  default     = null

  validation {
    condition     = var.dkim_hosted_zone == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.dkim_hosted_zone))
    error_message = "dkim_hosted_zone must be a host name in lower case without a trailing dot, such as dkim.eu-south-1.amazonses.com, or null."
  }
}

variable "tags" {
  description = "Tags for everything in this module."
  type        = map(string)
  default     = {}
}
