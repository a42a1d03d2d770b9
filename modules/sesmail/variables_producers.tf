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

  validation {
    condition     = alltrue([for source in keys(var.producers) : can(regex("^[A-Za-z0-9._/-]{1,256}$", source)) && !startswith(source, "aws.")])
    error_message = "Keys of producers are event sources: 1 to 256 letters, digits, dots, hyphens, underscores or slashes, not starting with aws. (EventBridge's rule)."
  }

  validation {
    condition     = length(distinct([for source in keys(var.producers) : join("", regexall("[A-Za-z0-9]+", source))])) == length(var.producers)
    error_message = "Two keys of producers differ only in punctuation: their statements in the bus policy would have the same name."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for glob in policy.templates : can(regex("^[A-Za-z0-9_*?-]{1,128}$", glob))])])
    error_message = "templates of a producer are template names or globs: letters, digits, hyphens, underscores, * and ?."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for glob in policy.senders : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", glob)) && !can(regex("[$][{]", glob))])])
    error_message = "senders of a producer are addresses or globs with an @, such as billing@example.com or *@example.com, without IAM's policy variables."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for domain in policy.recipient_domains : can(regex("^([*][.])?([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$", domain))])])
    error_message = "recipient_domains of a producer are lower-case domains, such as example.com, or *.example.com for its subdomains."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for prefix in policy.attachment_prefixes : can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(.*/)?$", prefix)) && !can(regex("[*?]", prefix))])])
    error_message = "attachment_prefixes of a producer look like s3://bucket/ or s3://bucket/folder/: a slash at the end (s3://bucket/folder would open s3://bucket/folder-secret/ too), without wildcards."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for cap in [policy.emails_per_day, policy.first_contacts_per_hour] : cap == null ? true : cap >= 0 && floor(cap) == cap])])
    error_message = "emails_per_day and first_contacts_per_hour of a producer are whole numbers from 0, or left out for no limit."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : policy.priority == null ? true : contains(["transactional", "bulk"], policy.priority)])
    error_message = "priority of a producer is transactional or bulk, or left out to let each request say."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : policy.ses_tenant == null ? true : var.ses_api == "v2" && can(regex("^[A-Za-z0-9_-]{1,64}$", policy.ses_tenant))])
    error_message = "ses_tenant of a producer is the name of a tenant in SES, 1 to 64 letters, digits, hyphens or underscores; it needs ses_api = \"v2\"."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for arn in policy.principals : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])])
    error_message = "principals of a producer are ARNs of IAM roles or users, such as arn:aws:iam::123456789012:role/shop, without wildcards."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for account in policy.accounts : can(regex("^[0-9]{12}$", account))])])
    error_message = "accounts of a producer are ids of AWS accounts, such as 210987654321: 12 digits in quotes."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : policy.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", policy.organization_id))])
    error_message = "organization_id of a producer is the id of an AWS organisation, such as o-a1b2c3d4e5, or left out."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : length(policy.topics) <= 30 && alltrue([for topic, label in policy.topics : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$", topic)) && can(regex("^[^[:cntrl:]]{1,80}$", label)) && can(regex("[^[:space:]]", label))])])
    error_message = "topics of a producer are at most 30 names as requests have them (letters, digits, hyphens, underscores), each with the text that recipients read, such as { weekly-digest = \"Weekly digest\" }."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : policy.status_event_bus_arn == null ? true : can(regex("^arn:[^:]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256}$", policy.status_event_bus_arn))])
    error_message = "status_event_bus_arn of a producer is the ARN of an event bus (arn:aws:events:REGION:ACCOUNT:event-bus/NAME), such as the output of the same name of modules/producer, or left out."
  }
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

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for glob in policy.templates : can(regex("^[A-Za-z0-9_*?-]{1,128}$", glob))])])
    error_message = "templates of default_producer are template names or globs: letters, digits, hyphens, underscores, * and ?."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for glob in policy.senders : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", glob)) && !can(regex("[$][{]", glob))])])
    error_message = "senders of default_producer are addresses or globs with an @, such as billing@example.com or *@example.com, without IAM's policy variables."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for domain in policy.recipient_domains : can(regex("^([*][.])?([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$", domain))])])
    error_message = "recipient_domains of default_producer are lower-case domains, such as example.com, or *.example.com for its subdomains."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for prefix in policy.attachment_prefixes : can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(.*/)?$", prefix)) && !can(regex("[*?]", prefix))])])
    error_message = "attachment_prefixes of default_producer look like s3://bucket/ or s3://bucket/folder/: a slash at the end (s3://bucket/folder would open s3://bucket/folder-secret/ too), without wildcards."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for cap in [policy.emails_per_day, policy.first_contacts_per_hour] : cap == null ? true : cap >= 0 && floor(cap) == cap])])
    error_message = "emails_per_day and first_contacts_per_hour of default_producer are whole numbers from 0, or left out for no limit."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : policy.priority == null ? true : contains(["transactional", "bulk"], policy.priority)])
    error_message = "priority of default_producer is transactional or bulk, or left out to let each request say."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : policy.ses_tenant == null ? true : var.ses_api == "v2" && can(regex("^[A-Za-z0-9_-]{1,64}$", policy.ses_tenant))])
    error_message = "ses_tenant of default_producer is the name of a tenant in SES, 1 to 64 letters, digits, hyphens or underscores; it needs ses_api = \"v2\"."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for arn in policy.principals : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])])
    error_message = "principals of default_producer are ARNs of IAM roles or users, such as arn:aws:iam::123456789012:role/shop, without wildcards."
  }
}

variable "restrict_producers" {
  description = "Deny the bus to every principal that is not listed with a producer (by principals, accounts or organization_id), and to listed ones under a foreign source."
  type        = bool
  default     = false

  validation {
    condition     = !var.restrict_producers || length(var.default_producer.principals) > 0 || anytrue([for policy in values(var.producers) : length(concat(policy.principals, policy.accounts)) > 0 || policy.organization_id != null])
    error_message = "restrict_producers would deny every principal: set principals, accounts or organization_id for at least one producer."
  }
}

variable "operator_principals" {
  description = "ARNs of the roles that may publish the events of `sesmail pause` and `resume`; the bus denies the engine's own event source to all others."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.operator_principals : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "operator_principals are ARNs of IAM roles or users, such as arn:aws:iam::123456789012:role/operator, without wildcards."
  }
}
