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

  validation {
    condition     = alltrue([for source in keys(var.producers) : can(regex("^[A-Za-z0-9._/-]{1,256}$", source)) && !startswith(source, "aws.")])
    error_message = "The keys of producers must be event sources: 1 to 256 letters, digits, dots, hyphens, underscores or slashes. EventBridge reserves sources that start with \"aws.\"."
  }

  validation {
    condition     = length(distinct([for source in keys(var.producers) : join("", regexall("[A-Za-z0-9]+", source))])) == length(var.producers)
    error_message = "The keys of producers must differ in more than punctuation, because the bus policy names its statements by them. Rename one of them."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for glob in policy.templates : can(regex("^[A-Za-z0-9_*?-]{1,128}$", glob))])])
    error_message = "templates of a producer must be template names or globs of letters, digits, hyphens, underscores, * and ?, such as order-*."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for glob in policy.senders : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", glob)) && !can(regex("[$][{]", glob))])])
    error_message = "senders of a producer must be addresses or globs with an @, such as billing@example.com or *@example.com. IAM policy variables are not allowed."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for domain in policy.recipient_domains : can(regex("^([*][.])?([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$", domain))])])
    error_message = "recipient_domains of a producer must be domains in lower case, such as example.com, or *.example.com for its subdomains."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for prefix in policy.attachment_prefixes : can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(.*/)?$", prefix)) && !can(regex("[*?]", prefix))])])
    error_message = "attachment_prefixes of a producer must be S3 prefixes with a slash at the end and without wildcards, such as s3://bucket/folder/. Without that slash, s3://bucket/folder would allow s3://bucket/folder-secret/ too."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for cap in [policy.emails_per_day, policy.first_contacts_per_hour] : cap == null ? true : cap >= 0 && floor(cap) == cap])])
    error_message = "emails_per_day and first_contacts_per_hour of a producer must be whole numbers from 0. Leave them out for no limit."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : policy.priority == null ? true : contains(["transactional", "bulk"], policy.priority)])
    error_message = "priority of a producer must be transactional or bulk. Leave it out to let each request decide."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : policy.ses_tenant == null ? true : var.ses_api == "v2" && can(regex("^[A-Za-z0-9_-]{1,64}$", policy.ses_tenant))])
    error_message = "ses_tenant of a producer must be the name of an SES tenant: 1 to 64 letters, digits, hyphens or underscores. It needs ses_api = \"v2\"."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for arn in policy.principals : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])])
    error_message = "principals of a producer must be ARNs of IAM roles or users without wildcards, such as arn:aws:iam::123456789012:role/shop."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : alltrue([for account in policy.accounts : can(regex("^[0-9]{12}$", account))])])
    error_message = "accounts of a producer must be ids of AWS accounts, 12 digits in quotes, such as \"210987654321\"."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : policy.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", policy.organization_id))])
    error_message = "organization_id of a producer must be the id of an AWS organisation, such as o-a1b2c3d4e5. Leave it out for none."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : length(policy.topics) <= 30 && alltrue([for topic, label in policy.topics : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$", topic)) && can(regex("^[^[:cntrl:]]{1,80}$", label)) && can(regex("[^[:space:]]", label))])])
    error_message = "topics of a producer must be at most 30 topics of letters, digits, hyphens and underscores. Each has the name that recipients read, of at most 80 characters, such as { weekly-digest = \"Weekly digest\" }."
  }

  validation {
    condition     = alltrue([for policy in values(var.producers) : policy.status_event_bus_arn == null ? true : can(regex("^arn:[^:]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256}$", policy.status_event_bus_arn))])
    error_message = "status_event_bus_arn of a producer must be the ARN of an event bus (arn:aws:events:REGION:ACCOUNT:event-bus/NAME), such as the output of the same name of modules/producer. Leave it out for none."
  }
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

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for glob in policy.templates : can(regex("^[A-Za-z0-9_*?-]{1,128}$", glob))])])
    error_message = "templates of default_producer must be template names or globs of letters, digits, hyphens, underscores, * and ?, such as order-*."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for glob in policy.senders : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", glob)) && !can(regex("[$][{]", glob))])])
    error_message = "senders of default_producer must be addresses or globs with an @, such as billing@example.com or *@example.com. IAM policy variables are not allowed."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for domain in policy.recipient_domains : can(regex("^([*][.])?([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$", domain))])])
    error_message = "recipient_domains of default_producer must be domains in lower case, such as example.com, or *.example.com for its subdomains."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for prefix in policy.attachment_prefixes : can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(.*/)?$", prefix)) && !can(regex("[*?]", prefix))])])
    error_message = "attachment_prefixes of default_producer must be S3 prefixes with a slash at the end and without wildcards, such as s3://bucket/folder/. Without that slash, s3://bucket/folder would allow s3://bucket/folder-secret/ too."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for cap in [policy.emails_per_day, policy.first_contacts_per_hour] : cap == null ? true : cap >= 0 && floor(cap) == cap])])
    error_message = "emails_per_day and first_contacts_per_hour of default_producer must be whole numbers from 0. Leave them out for no limit."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : policy.priority == null ? true : contains(["transactional", "bulk"], policy.priority)])
    error_message = "priority of default_producer must be transactional or bulk. Leave it out to let each request decide."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : policy.ses_tenant == null ? true : var.ses_api == "v2" && can(regex("^[A-Za-z0-9_-]{1,64}$", policy.ses_tenant))])
    error_message = "ses_tenant of default_producer must be the name of an SES tenant: 1 to 64 letters, digits, hyphens or underscores. It needs ses_api = \"v2\"."
  }

  validation {
    condition     = alltrue([for policy in [var.default_producer] : alltrue([for arn in policy.principals : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])])
    error_message = "principals of default_producer must be ARNs of IAM roles or users without wildcards, such as arn:aws:iam::123456789012:role/shop."
  }
}

variable "restrict_producers" {
  description = "Deny the bus to every principal that no producer lists (by principals, accounts or organization_id). A listed principal may use only the sources that list it. With false, every principal with the right events:PutEvents on the bus may send under any source."
  type        = bool
  default     = false

  validation {
    condition     = !var.restrict_producers || length(var.default_producer.principals) > 0 || anytrue([for policy in values(var.producers) : length(concat(policy.principals, policy.accounts)) > 0 || policy.organization_id != null])
    error_message = "restrict_producers = true needs principals, accounts or organization_id for at least one producer. Otherwise it denies every principal."
  }
}

variable "operator_principals" {
  description = "ARNs of the IAM roles or users that may publish the events of `sesmail pause`, `resume`, `cancel` and `erase`. The bus denies the engine's own event source to all others."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.operator_principals : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "operator_principals must be ARNs of IAM roles or users without wildcards, such as arn:aws:iam::123456789012:role/operator."
  }
}
