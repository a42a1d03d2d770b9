mock_provider "aws" {}

variables {
  name                  = "mail"
  account               = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  retain_data_on_delete = true
  kms_key_arn           = null
}

run "tables_are_as_documented_encrypted_expiring_and_protected" {
  command = plan

  assert {
    condition = (
      aws_dynamodb_table.tracking.name == "mail-EmailTracking" && aws_dynamodb_table.tracking.hash_key == "emailId" &&
      aws_dynamodb_table.suppression.name == "mail-Suppression" && aws_dynamodb_table.suppression.hash_key == "email" &&
      aws_dynamodb_table.control.name == "mail-Control" && aws_dynamodb_table.control.hash_key == "pk" &&
      aws_dynamodb_table.pending.name == "mail-Pending" && aws_dynamodb_table.pending.hash_key == "emailId"
    )
    error_message = "Names and keys of the tables are public interface."
  }

  assert {
    condition     = output.tracking_arn == "arn:aws:dynamodb:eu-west-1:123456789012:table/mail-EmailTracking"
    error_message = "The ARNs in the outputs must be those that DynamoDB will give."
  }

  assert {
    condition = { for index in aws_dynamodb_table.tracking.global_secondary_index : index.name => join(" ", compact([index.hash_key, index.range_key, index.projection_type])) } == {
      "to-email-timestamp-index" = "toEmail timestamp INCLUDE"
      "ses-message-id-index"     = "sesMessageId INCLUDE"
      "date-partition-index"     = "datePartition timestamp KEYS_ONLY"
      "original-email-id-index"  = "originalEmailId ALL"
    }
    error_message = "Indexes of the tracking table are public interface."
  }

  assert {
    condition = { for index in aws_dynamodb_table.tracking.global_secondary_index : index.name => index.non_key_attributes if index.projection_type == "INCLUDE" } == {
      "to-email-timestamp-index" = toset([
        "status", "sesMessageId", "templateName", "subject", "originalSource", "metadata", "attempt", "originalEmailId",
        "deferReason", "sentAt", "deliveredAt", "openedAt", "clickedAt", "bouncedAt", "bounceType", "bounceSubType",
        "complainedAt", "errorType", "errorMessage", "countsAsSoftBounce",
      ])
      "ses-message-id-index" = toset(["status", "toEmail", "timestamp", "templateName", "subject", "originalSource"])
    }
    error_message = "What indexes project is public interface: queries read it."
  }

  assert {
    condition = (
      alltrue([for index in aws_dynamodb_table.tracking.global_secondary_index : length(coalesce(index.non_key_attributes, [])) <= 20]) &&
      sum([for index in aws_dynamodb_table.tracking.global_secondary_index : length(coalesce(index.non_key_attributes, []))]) <= 100
    )
    error_message = "DynamoDB projects at most 20 attributes into an index, and 100 into all of a table's."
  }

  assert {
    condition = { for index in aws_dynamodb_table.suppression.global_secondary_index : index.name => join(" ", compact([index.hash_key, index.range_key, index.projection_type])) } == {
      "suppression-type-date-index" = "suppressionType addedToSuppressionDate ALL"
    }
    error_message = "The index of the suppression table is public interface."
  }

  assert {
    condition = alltrue([for table in [aws_dynamodb_table.tracking, aws_dynamodb_table.suppression, aws_dynamodb_table.control, aws_dynamodb_table.pending] :
      table.billing_mode == "PAY_PER_REQUEST" && table.deletion_protection_enabled && table.server_side_encryption[0].enabled &&
      table.ttl[0].enabled && table.ttl[0].attribute_name == "ttl"
    ])
    error_message = "Every table must be on demand, encrypted by KMS, expire by ttl and be protected from deletion."
  }

  assert {
    condition = alltrue([for table in [aws_dynamodb_table.tracking, aws_dynamodb_table.suppression, aws_dynamodb_table.control] :
      table.point_in_time_recovery[0].enabled
    ])
    error_message = "Tracking, suppression and control must be recoverable to a point in time."
  }
}

run "deletion_protection_can_be_turned_off" {
  command = plan

  variables {
    retain_data_on_delete = false
  }

  assert {
    condition = !anytrue([for table in [aws_dynamodb_table.tracking, aws_dynamodb_table.suppression, aws_dynamodb_table.control, aws_dynamodb_table.pending] :
      table.deletion_protection_enabled
    ])
    error_message = "retain_data_on_delete = false must lift the protection of every table."
  }
}

run "every_table_is_encrypted_with_the_customers_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234"
  }

  assert {
    condition = alltrue([for table in [aws_dynamodb_table.tracking, aws_dynamodb_table.suppression, aws_dynamodb_table.control, aws_dynamodb_table.pending] :
      table.server_side_encryption[0].enabled && table.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/1234"
    ])
    error_message = "No table may be left with another key."
  }
}
