# ---------------------------------------------------------------------------------------------------------------------
# Who may send: one item per producer in the control table, and the bus's own policy.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  # "*" is every source that has no policy of its own.
  producer_policies = merge(var.producers, { "*" = var.default_producer })

  # Absent attributes mean no limit; numbers are strings in DynamoDB's JSON.
  producer_items = {
    for source, policy in local.producer_policies : source => merge(
      { pk = { S = "producer#${source}" }, enabled = { BOOL = policy.enabled } },
      { for key, values in {
        templates          = policy.templates
        senders            = policy.senders
        recipientDomains   = policy.recipient_domains
        attachmentPrefixes = policy.attachment_prefixes
      } : key => { L = [for value in values : { S = value }] } if length(values) > 0 },
      { for key, number in {
        emailsPerDay         = policy.emails_per_day
        firstContactsPerHour = policy.first_contacts_per_hour
      } : key => { N = tostring(number) } if number != null },
      { for key, text in { priority = policy.priority, sesTenant = policy.ses_tenant } : key => { S = text } if text != null },
    )
  }
}

resource "aws_dynamodb_table_item" "producer" {
  for_each = local.producer_items

  table_name = module.tables.control_name
  hash_key   = "pk"
  item       = jsonencode(each.value)
}

# What IAM enforces on SendRawEmail. The sender rejects any other address at once, instead of being denied by SES. Not an
# environment variable: all of a function's together have 4 KB, and the policy may be longer.
resource "aws_dynamodb_table_item" "role_senders" {
  table_name = module.tables.control_name
  hash_key   = "pk"
  item = jsonencode({
    pk        = { S = "role-senders" }
    addresses = { L = [for address in local.sender_addresses : { S = address }] }
  })
}

# ---------------------------------------------------------------------------------------------------------------------
# Bus policy: only the engine and the operators write under its own source; principals listed with a producer may write
# under that one; restrict_producers denies all others
# ---------------------------------------------------------------------------------------------------------------------

locals {
  # Whoever may publish status events, and `sesmail pause` and `resume`.
  publisher_arns  = concat([module.email_sender.role_arn, module.feedback_processor.role_arn], var.operator_principals)
  known_producers = { for source, policy in var.producers : source => policy if length(policy.principals) > 0 }
  all_principals  = distinct(flatten([for policy in local.producer_policies : policy.principals]))

  # A principal may belong to several producers: then it may use the source of each.
  sources_of_principal = {
    for principal in distinct(flatten([for policy in local.known_producers : policy.principals])) :
    principal => sort([for source, policy in local.known_producers : source if contains(policy.principals, principal)])
    if !contains(var.default_producer.principals, principal)
  }

  allow_statements = [for source in sort(keys(local.known_producers)) : {
    Sid       = "Allow${join("", regexall("[A-Za-z0-9]+", source))}"
    Effect    = "Allow"
    Principal = "*"
    Action    = "events:PutEvents"
    Resource  = local.bus_arn
    Condition = {
      ArnLike      = { "aws:PrincipalArn" = local.known_producers[source].principals }
      StringEquals = { "events:source" = [source], "events:detail-type" = ["Email Request"] }
    }
  }]
  # events:source has a value for each entry of a PutEvents call:
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
  deny_forged_statuses = {
    Sid       = "DenyStatusEventsOfOthers"
    Effect    = "Deny"
    Principal = "*"
    Action    = "events:PutEvents"
    Resource  = local.bus_arn
    Condition = {
      "ForAnyValue:StringEquals" = { "events:source" = [var.status_event_source] }
      ArnNotLike                 = { "aws:PrincipalArn" = local.publisher_arns }
    }
  }
  deny_strangers = {
    Sid       = "DenyOtherPrincipals"
    Effect    = "Deny"
    Principal = "*"
    Action    = "events:PutEvents"
    Resource  = local.bus_arn
    Condition = { ArnNotLike = { "aws:PrincipalArn" = concat(local.publisher_arns, local.all_principals) } }
  }
  deny_foreign_sources = [for index, principal in sort(keys(local.sources_of_principal)) : {
    Sid       = "DenyForeignSource${index}"
    Effect    = "Deny"
    Principal = "*"
    Action    = "events:PutEvents"
    Resource  = local.bus_arn
    Condition = {
      ArnLike = { "aws:PrincipalArn" = [principal] }
      StringNotEquals = { "events:source" = concat(
        local.sources_of_principal[principal],
        contains(var.operator_principals, principal) ? [var.status_event_source] : [],
      ) }
    }
  }]
  deny_statements = concat([local.deny_strangers], local.deny_foreign_sources)
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.deny_forged_statuses],
      local.allow_statements,
      [for statement in local.deny_statements : statement if var.restrict_producers],
    )
  })
}
