# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Producers
# ---------------------------------------------------------------------------------------------------------------------

variable "producers" {
  description = "Which producers may send, and what: a policy for each event source. An email that breaks a rule fails (producer_denied); an email above a cap is held."
  type = map(object({
    # false rejects every request of the source.
    enabled = optional(bool, true)
    # Names or globs of the templates that it may use; an empty list allows all.
    templates = optional(list(string), [])
    # Addresses or globs that it may send from; an empty list allows every sender of the engine.
    senders = optional(list(string), [])
    # Domains that it may send to; an empty list allows all.
    recipient_domains = optional(list(string), [])
    # S3 prefixes that its attachments by s3Uri may come from; an empty list allows none.
    attachment_prefixes = optional(list(string), [])
    # Emails per day (UTC); null sets no limit.
    emails_per_day = optional(number)
    # Emails per hour to addresses that no producer has sent to before; null sets no limit.
    first_contacts_per_hour = optional(number)
    # Priority of all its emails, whatever the request says: transactional or bulk; null lets the request decide.
    priority = optional(string)
    # SES tenant that sends its emails, so that SES keeps its reputation apart; create the tenant yourself.
    ses_tenant = optional(string)
    # IAM roles or users that may use the source, by ARN.
    principals = optional(list(string), [])
    # Other AWS accounts with roles that may use the source.
    accounts = optional(list(string), [])
    # AWS organisation with other accounts that may use the source.
    organization_id = optional(string)
    # Topics of its bulk emails, each with the name that the unsubscribe page shows.
    topics = optional(map(string), {})
    # Event bus of another account or region that receives the statuses of its emails.
    status_event_bus_arn = optional(string)
  }))
  default = {}
}

variable "default_producer" {
  description = "Policy of every source that is not in producers. It has the attributes of producers, except accounts, organization_id, topics and status_event_bus_arn. Its caps count all these sources together. With restrict_producers, its principals may use any of these sources."
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
  description = "Deny the bus to every principal that no producer lists (by principals, accounts or organization_id). A listed principal may use only the sources that list it. With false, every principal with the right events:PutEvents on the bus may send under any source."
  type        = bool
  default     = false
}

variable "operator_principals" {
  description = "ARNs of the IAM roles or users that may publish the events of `sesmail pause`, `resume`, `cancel` and `erase`. The bus denies the engine's own event source to all others."
  type        = list(string)
  default     = []
}
