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
# under that one. With restrict_producers a source with principals is theirs alone, and all other sources belong to
# default_producer's principals, the engine and the operators.
#
# EventBridge takes a policy of 10 KB: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
# Hence sources of the same principals share a statement, and what a statement denies is not repeated by one that allows.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  bus_policy_limit = 10240

  # Whoever may publish status events, and `sesmail pause` and `resume`. The ARNs of the engine's roles, known after
  # their creation only, are put in at the end: the policy's size must be known in the plan, and so is measured with
  # what they will be.
  publisher_arns  = concat(["@EmailSender", "@FeedbackProcessor"], var.operator_principals)
  role_arn_prefix = "arn:${local.account.partition}:iam::${local.account.id}:role${var.role_path}${var.name}-"

  # Principals (sorted, in one string) to the sources that they share.
  sources_by_principals = {
    for source, policy in var.producers : join(" ", sort(distinct(policy.principals))) => source...
    if length(policy.principals) > 0
  }
  owned_sources = sort(flatten(values(local.sources_by_principals)))

  # events:source has a value for each entry of a PutEvents call:
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
  deny_forged_statuses = {
    sid = "DenyStatusEventsOfOthers"
    condition = {
      "ForAnyValue:StringEquals" = { "events:source" = [var.status_event_source] }
      ArnNotLike                 = { "aws:PrincipalArn" = local.publisher_arns }
    }
  }
  allow_own_sources = [for principals, sources in local.sources_by_principals : {
    sid = "Allow${join("", regexall("[A-Za-z0-9]+", sources[0]))}"
    condition = {
      ArnLike      = { "aws:PrincipalArn" = split(" ", principals) }
      StringEquals = { "events:source" = sources, "events:detail-type" = ["Email Request"] }
    }
  }]

  # With restrict_producers: who may use which source is what the others are denied.
  allow_producers = [for principals in [distinct(split(" ", join(" ", keys(local.sources_by_principals))))] : {
    sid = "AllowProducers"
    condition = {
      ArnLike      = { "aws:PrincipalArn" = principals }
      StringEquals = { "events:detail-type" = ["Email Request"] }
    }
  } if length(local.owned_sources) > 0]
  deny_owned_sources = [for index, principals in keys(local.sources_by_principals) : {
    sid = "Deny${index}"
    condition = {
      "ForAnyValue:StringEquals" = { "events:source" = local.sources_by_principals[principals] }
      ArnNotLike                 = { "aws:PrincipalArn" = split(" ", principals) }
    }
  }]
  deny_other_sources = {
    sid = "DenyOtherSources"
    condition = merge(
      { ArnNotLike = { "aws:PrincipalArn" = distinct(concat(local.publisher_arns, var.default_producer.principals)) } },
      { for operator in ["ForAnyValue:StringNotEquals"] : operator => { "events:source" = local.owned_sources } if length(local.owned_sources) > 0 },
    )
  }

  bus_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in concat(
        [local.deny_forged_statuses],
        var.restrict_producers ? concat(local.allow_producers, local.deny_owned_sources, [local.deny_other_sources]) : local.allow_own_sources,
      ) :
      {
        Sid       = statement.sid
        Effect    = startswith(statement.sid, "Allow") ? "Allow" : "Deny"
        Principal = "*"
        Action    = "events:PutEvents"
        Resource  = local.bus_arn
        Condition = statement.condition
      }
    ]
  })
  bus_policy_bytes = length(replace(
    replace(local.bus_policy, "@EmailSender", "${local.role_arn_prefix}EmailSenderRole"),
    "@FeedbackProcessor", "${local.role_arn_prefix}FeedbackProcessorRole",
  ))
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = replace(
    replace(local.bus_policy, "@EmailSender", module.email_sender.role_arn),
    "@FeedbackProcessor", module.feedback_processor.role_arn,
  )

  lifecycle {
    precondition {
      condition     = local.bus_policy_bytes <= local.bus_policy_limit
      error_message = "The bus's policy would have ${local.bus_policy_bytes} bytes, and EventBridge takes ${local.bus_policy_limit}: ${length(local.owned_sources)} sources of producers have principals. Give several of them the same principals (they share a statement then)${var.restrict_producers ? ", or set restrict_producers = false" : ", or leave principals out"} and let each team send by its own policy (output producer_policies)."
    }
  }
}
