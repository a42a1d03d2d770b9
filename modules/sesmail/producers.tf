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

# ---------------------------------------------------------------------------------------------------------------------
# Bus policy: principals listed with a producer may write under its source; restrict_producers denies all others
# ---------------------------------------------------------------------------------------------------------------------

locals {
  engine_role_arns = [
    for function in ["EmailSender", "FeedbackProcessor"] :
    "arn:${local.account.partition}:iam::${local.account.id}:role/${var.name}-${function}Role"
  ]
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
  deny_strangers = {
    Sid       = "DenyOtherPrincipals"
    Effect    = "Deny"
    Principal = "*"
    Action    = "events:PutEvents"
    Resource  = local.bus_arn
    Condition = { ArnNotLike = { "aws:PrincipalArn" = concat(local.engine_role_arns, local.all_principals) } }
  }
  deny_foreign_sources = [for index, principal in sort(keys(local.sources_of_principal)) : {
    Sid       = "DenyForeignSource${index}"
    Effect    = "Deny"
    Principal = "*"
    Action    = "events:PutEvents"
    Resource  = local.bus_arn
    Condition = {
      ArnLike         = { "aws:PrincipalArn" = [principal] }
      StringNotEquals = { "events:source" = local.sources_of_principal[principal] }
    }
  }]
  deny_statements = concat([local.deny_strangers], local.deny_foreign_sources)
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  count = length(local.known_producers) > 0 || var.restrict_producers ? 1 : 0

  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.allow_statements,
      [for statement in local.deny_statements : statement if var.restrict_producers],
    )
  })
}
