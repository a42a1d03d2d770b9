# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Who may send. An email that breaks a rule fails (producer_denied); one above a cap waits.
# ---------------------------------------------------------------------------------------------------------------------

variable "producers" {
  description = "Policies by event source. Empty lists and left-out caps mean no limit; without attachment_prefixes no s3Uri is read; principals are the roles that may use the source, accounts the other AWS accounts and organization_id the organisation with roles that may; topics are those of its bulk mail with the names that the unsubscribe page shows; status_event_bus_arn is a bus of another account or region that gets the statuses of its emails; ses_tenant is an SES tenant that you made."
  type = map(object({
    enabled                 = optional(bool, true)
    templates               = optional(list(string), [])
    senders                 = optional(list(string), [])
    recipient_domains       = optional(list(string), [])
    attachment_prefixes     = optional(list(string), [])
    emails_per_day          = optional(number)
    first_contacts_per_hour = optional(number)
    priority                = optional(string)
    ses_tenant              = optional(string)
    principals              = optional(list(string), [])
    accounts                = optional(list(string), [])
    organization_id         = optional(string)
    topics                  = optional(map(string), {})
    status_event_bus_arn    = optional(string)
  }))
  default = {}
}

variable "default_producer" {
  description = "Policy of every source that has none of its own."
  type = object({
    enabled                 = optional(bool, true)
    templates               = optional(list(string), [])
    senders                 = optional(list(string), [])
    recipient_domains       = optional(list(string), [])
    attachment_prefixes     = optional(list(string), [])
    emails_per_day          = optional(number)
    first_contacts_per_hour = optional(number)
    priority                = optional(string)
    ses_tenant              = optional(string)
    principals              = optional(list(string), [])
  })
  default = {}
}

variable "restrict_producers" {
  description = "Deny the bus to every principal that is not listed with a producer (by principals, accounts or organization_id), and to listed ones under a foreign source."
  type        = bool
  default     = false
}

variable "operator_principals" {
  description = "ARNs of the roles that may publish the events of `sesmail pause` and `resume`; the bus denies the engine's own event source to all others."
  type        = list(string)
  default     = []
}
