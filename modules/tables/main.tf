# ---------------------------------------------------------------------------------------------------------------------
# The engine's data. All tables are on demand, encrypted with the account's DynamoDB key or the owner's, and protected from
# deletion while data is to be retained.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  arn_prefix = "arn:${var.account.partition}:dynamodb:${var.account.region}:${var.account.id}:table"

  # What the engine, the command and the documented queries read by each index, besides its keys.
  read_by_index = {
    "to-email-timestamp-index" = ["countsAsSoftBounce", "deliveredAt", "sesMessageId", "status"]
    "ses-message-id-index"     = []
    "date-partition-index"     = []
    "original-email-id-index"  = []
  }
  missing_indexes = sort(setsubtract(keys(local.read_by_index), aws_dynamodb_table.tracking.global_secondary_index[*].name))
  narrow_indexes = sort([
    for index in aws_dynamodb_table.tracking.global_secondary_index :
    "${index.name}: ${join(", ", setsubtract(local.read_by_index[index.name], coalesce(index.non_key_attributes, [])))}"
    if index.projection_type != "ALL" && length(setsubtract(lookup(local.read_by_index, index.name, []), coalesce(index.non_key_attributes, []))) > 0
  ])
}

# ---------------------------------------------------------------------------------------------------------------------
# Tracking: one record per email
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_dynamodb_table" "tracking" {
  # checkov:skip=CKV_AWS_119: the account's own DynamoDB key is the default; a customer key comes by data_kms_key_arn
  name                        = "${var.name}-EmailTracking"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "emailId"
  deletion_protection_enabled = var.retain_data_on_delete
  tags                        = var.tags

  dynamic "attribute" {
    for_each = ["emailId", "toEmail", "timestamp", "sesMessageId", "datePartition", "originalEmailId"]
    content {
      name = attribute.value
      type = "S"
    }
  }

  # What operators, support and the rule of consecutive soft bounces read by recipient. DynamoDB allows 20 attributes:
  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html
  global_secondary_index {
    name            = "to-email-timestamp-index"
    hash_key        = "toEmail"
    range_key       = "timestamp"
    projection_type = "INCLUDE"
    non_key_attributes = [
      "attempt", "bounceSubType", "bounceType", "bouncedAt", "clickedAt", "complainedAt", "countsAsSoftBounce", "deferReason",
      "deliveredAt", "errorMessage", "errorType", "metadata", "openedAt", "originalEmailId", "originalSource", "sentAt",
      "sesMessageId", "status", "subject", "templateName",
    ]
  }

  global_secondary_index {
    name               = "ses-message-id-index"
    hash_key           = "sesMessageId"
    projection_type    = "INCLUDE"
    non_key_attributes = ["originalSource", "status", "subject", "templateName", "timestamp", "toEmail"]
  }

  # A day is one partition key, which takes 1,000 writes a second: keys never change, so an email is one write.
  global_secondary_index {
    name            = "date-partition-index"
    hash_key        = "datePartition"
    range_key       = "timestamp"
    projection_type = "KEYS_ONLY"
  }

  # Sparse: only repeat attempts have the attribute.
  global_secondary_index {
    name            = "original-email-id-index"
    hash_key        = "originalEmailId"
    projection_type = "ALL"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  # A table that exists keeps its indexes: another projection would delete and build them again, and an index that is
  # being built answers nothing.
  lifecycle {
    ignore_changes = [attribute, global_secondary_index]
  }
}

# So a plan is silent about an index that is missing. It is only a warning: the index may be the one that is built again.
check "tracking_indexes" {
  assert {
    condition     = length(local.missing_indexes) == 0
    error_message = "The table ${var.name}-EmailTracking lacks ${join(", ", local.missing_indexes)}, so queries by it fail. Terraform does not change the indexes of an existing table. Create it as modules/tables declares it, with aws dynamodb update-table --global-secondary-index-updates (docs/setup.md)."
  }

  assert {
    condition     = length(local.narrow_indexes) == 0
    error_message = "An index of the table ${var.name}-EmailTracking lacks attributes that the engine reads (${join("; ", local.narrow_indexes)}). Terraform does not change the indexes of an existing table. Delete that index and create it as modules/tables declares it, with aws dynamodb update-table --global-secondary-index-updates (docs/setup.md)."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Suppression: one record per suppressed address
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_dynamodb_table" "suppression" {
  # checkov:skip=CKV_AWS_119: as for the tracking table
  name                        = "${var.name}-Suppression"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "email"
  deletion_protection_enabled = var.retain_data_on_delete
  tags                        = var.tags

  dynamic "attribute" {
    for_each = ["email", "suppressionType", "addedToSuppressionDate"]
    content {
      name = attribute.value
      type = "S"
    }
  }

  global_secondary_index {
    name            = "suppression-type-date-index"
    hash_key        = "suppressionType"
    range_key       = "addedToSuppressionDate"
    projection_type = "ALL"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Control: policies, counters, breaker, rate bucket, contacts
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_dynamodb_table" "control" {
  # checkov:skip=CKV_AWS_119: as for the tracking table
  name                        = "${var.name}-Control"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  deletion_protection_enabled = var.retain_data_on_delete
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Pending: requests kept for a soft-bounce retry, for a day at most
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_dynamodb_table" "pending" {
  # checkov:skip=CKV_AWS_119: as for the tracking table
  # checkov:skip=CKV_AWS_28: contains email content for at most 24 h; backups would keep it for 35 days
  name                        = "${var.name}-Pending"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "emailId"
  deletion_protection_enabled = var.retain_data_on_delete
  tags                        = var.tags

  attribute {
    name = "emailId"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}
