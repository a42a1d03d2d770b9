# ---------------------------------------------------------------------------------------------------------------------
# Bus policy: only the engine and the operators write under its own source; those listed with a producer may write under
# that one. With restrict_producers a source with owners is theirs alone, and all other sources belong to
# default_producer's principals, the engine and the operators.
#
# EventBridge takes a policy of 10 KB: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
# Hence sources of the same owners share a statement, and what a statement denies is not repeated by one that allows.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  bus_policy_limit = 10240

  # Whoever may publish status events, and `sesmail pause` and `resume`. The ARNs of the engine's roles, known after
  # their creation only, are put in at the end: the policy's size must be known in the plan, and so is measured with
  # what they will be.
  publisher_roles = merge(
    { "@EmailSender" = module.email_sender.role_arn, "@FeedbackProcessor" = module.feedback_processor.role_arn },
    { for function in module.unsubscribe : "@Unsubscribe" => function.role_arn },
  )
  publisher_arns  = concat(keys(local.publisher_roles), var.operator_principals)
  role_arn_prefix = "arn:${local.account.partition}:iam::${local.account.id}:role${var.role_path}${var.name}-"

  # Owners to the sources that they share: roles, other accounts, an organisation.
  sources_by_owners = {
    for source, policy in var.producers : jsonencode({
      principals   = sort(distinct(policy.principals))
      accounts     = sort(distinct(policy.accounts))
      organization = compact([policy.organization_id])
    }) => source...
    if length(concat(policy.principals, policy.accounts, compact([policy.organization_id]))) > 0
  }
  owners        = [for owners, sources in local.sources_by_owners : merge(jsondecode(owners), { sources = sources })]
  owned_sources = sort(flatten(values(local.sources_by_owners)))

  # Another account's role needs both this policy and one of its own. A role of this account needs either, so that an
  # account or an organisation is never allowed this account's: its roles need the policy of modules/producer, as ever.
  foreign_accounts = [for owner in local.owners : [for id in owner.accounts : id if id != local.account.id]]
  own_account      = { "aws:PrincipalAccount" = [local.account.id] }

  # Each kind of owner in the words of IAM. A key that the caller lacks matches nothing.
  owner_conditions = [for index, owner in local.owners : {
    for sid, condition in {
      ""           = { ArnLike = { "aws:PrincipalArn" = owner.principals } }
      Accounts     = { StringEquals = { "aws:PrincipalAccount" = local.foreign_accounts[index] } }
      Organization = { StringEquals = { "aws:PrincipalOrgID" = owner.organization }, StringNotEquals = local.own_account }
    } : sid => condition
    if length({ "" = owner.principals, Accounts = local.foreign_accounts[index], Organization = owner.organization }[sid]) > 0
  }]

  # What a producer may ask for.
  producer_detail_types = ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"]

  # events:source and events:detail-type have a value for each entry of a PutEvents call, so that every one must match;
  # a call without any is not allowed:
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-cross-account-custom-bus-source.html
  only_requests = { "events:detail-type" = local.producer_detail_types }
  has_source    = { Null = { "events:source" = "false" } }
  deny_forged_statuses = {
    sid = "DenyStatusEventsOfOthers"
    condition = {
      "ForAnyValue:StringEquals" = { "events:source" = [var.status_event_source] }
      ArnNotLike                 = { "aws:PrincipalArn" = local.publisher_arns }
    }
  }
  allow_own_sources = flatten([for index, owner in local.owners : [
    for kind, condition in local.owner_conditions[index] : {
      sid = "Allow${kind}${join("", regexall("[A-Za-z0-9]+", owner.sources[0]))}"
      condition = merge(condition, local.has_source, {
        "ForAllValues:StringEquals" = merge({ "events:source" = owner.sources }, local.only_requests)
      })
    }
  ]])

  # With restrict_producers: who may use which source is what the others are denied.
  all_principals    = distinct(flatten(local.owners[*].principals))
  all_accounts      = sort(distinct(flatten(local.foreign_accounts)))
  all_organizations = sort(distinct(flatten(local.owners[*].organization)))
  allow_producers = [
    for statement in [
      { sid = "AllowProducers", owners = local.all_principals, condition = { ArnLike = { "aws:PrincipalArn" = local.all_principals } } },
      { sid = "AllowAccounts", owners = local.all_accounts, condition = { StringEquals = { "aws:PrincipalAccount" = local.all_accounts } } },
      {
        sid       = "AllowOrganizations"
        owners    = local.all_organizations
        condition = { StringEquals = { "aws:PrincipalOrgID" = local.all_organizations }, StringNotEquals = local.own_account }
      },
    ] :
    { sid = statement.sid, condition = merge(statement.condition, { "ForAllValues:StringEquals" = local.only_requests }, local.has_source) }
    if length(statement.owners) > 0
  ]
  # Denied is who is none of the owners: each condition must hold, and a caller without an organisation has another one.
  deny_owned_sources = [for index, owner in local.owners : {
    sid = "Deny${index}"
    condition = merge(
      { "ForAnyValue:StringEquals" = { "events:source" = owner.sources } },
      length(owner.principals) == 0 ? {} : { ArnNotLike = { "aws:PrincipalArn" = owner.principals } },
      length(concat(owner.accounts, owner.organization)) == 0 ? {} : { StringNotEquals = merge(
        length(owner.accounts) == 0 ? {} : { "aws:PrincipalAccount" = owner.accounts },
        length(owner.organization) == 0 ? {} : { "aws:PrincipalOrgID" = owner.organization },
      ) },
    )
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
        [for statement in local.allow_own_sources : statement if !var.restrict_producers],
        [
          for statement in concat(local.allow_producers, local.deny_owned_sources, [local.deny_other_sources]) :
          statement if var.restrict_producers
        ],
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
  # The placeholders are whole strings of the JSON; a user's name may have an @ inside.
  bus_policy_bytes = length(replace(local.bus_policy, "/\"@([A-Za-z]+)\"/", "\"${local.role_arn_prefix}$${1}Role${local.region_suffix}\""))
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = replace(
    replace(
      replace(local.bus_policy, "@EmailSender", module.email_sender.role_arn),
      "@FeedbackProcessor", module.feedback_processor.role_arn,
    ),
    "@Unsubscribe", lookup(local.publisher_roles, "@Unsubscribe", ""),
  )

  lifecycle {
    precondition {
      condition     = local.bus_policy_bytes <= local.bus_policy_limit
      error_message = "The bus's policy would have ${local.bus_policy_bytes} bytes, and EventBridge allows ${local.bus_policy_limit}. ${length(local.owned_sources)} sources of producers have principals, accounts or organization_id. Give several of them the same values, so that they share a statement. Or ${var.restrict_producers ? "set restrict_producers = false" : "leave principals out"}, and give each producer its own IAM policy (output producer_policies)."
    }
  }
}
