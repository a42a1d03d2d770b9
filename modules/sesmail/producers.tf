# ---------------------------------------------------------------------------------------------------------------------
# Who may send: one item per producer in the control table. The bus's own policy is in bus_policy.tf.
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
      { for topics in [lookup(policy, "topics", {})] : "topics" => { M = { for topic, label in topics : topic => { S = label } } } if length(topics) > 0 },
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
