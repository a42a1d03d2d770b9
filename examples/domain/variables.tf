variable "domain" {
  description = "Domain of the senders."
  type        = string
  default     = "example.com"
}

variable "route53_zone_id" {
  description = "Route 53 zone of the domain; null for DNS elsewhere."
  type        = string
  default     = null
}

variable "domain_is_verified" {
  description = "SES has found the DKIM records: only then does it take a tracking domain. Set it to true for a second apply."
  type        = bool
  default     = false
}

variable "package_dir" {
  description = "Folder that contains the packages of `make package`; null for the dist folder of this repository."
  type        = string
  default     = null
}
