# ---------------------------------------------------------------------------------------------------------------------
# What each function may do: one statement per reason. Writing its log and reading its queues come from lambda_function.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  ses_arn_prefix = "arn:${local.account.partition}:ses:${local.account_arn}"
  keys_arn       = "arn:${local.account.partition}:ssm:${local.account_arn}:parameter/${var.name}/keys/*"
  s3_arn_prefix  = "arn:${local.account.partition}:s3:::"

  # The default sender's domain, what the producers may use, and the operator's own. The engine sends with domains in
  # lower case, and IAM compares with case.
  sender_addresses = distinct([
    for address in concat(
      ["*@${split("@", var.default_sender_email)[1]}"],
      var.allowed_sender_addresses,
      flatten([for policy in local.producer_policies : policy.senders]),
    ) : "${split("@", address)[0]}@${lower(split("@", address)[1])}"
  ])
  default_sender_email = "${split("@", var.default_sender_email)[0]}@${lower(split("@", var.default_sender_email)[1])}"

  attachment_arns = distinct([
    for prefix in flatten([for policy in local.producer_policies : policy.attachment_prefixes]) :
    "${local.s3_arn_prefix}${trimprefix(prefix, "s3://")}*"
  ])

  # KMS names the service by its regional host: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
  attachment_key_services = distinct([
    for arn in var.attachment_kms_key_arns : "s3.${split(":", arn)[3]}.${data.aws_partition.current.dns_suffix}"
  ])

  # DynamoDB and S3 ask KMS in the function's name; used directly, the key is denied:
  # https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
  data_key_services = { for service in ["dynamodb", "s3"] : service => "${service}.${local.account.region}.${data.aws_partition.current.dns_suffix}" }
  table_key_statements = [for arn in var.data_kms_key_arn[*] : {
    sid       = "UseDataKeyThroughDynamoDbOnly"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]
    resources = [arn]
    condition = { StringEquals = { "kms:ViaService" = [local.data_key_services.dynamodb] } }
  }]
  read_bucket_key_statements = [for arn in var.data_kms_key_arn[*] : {
    sid       = "DecryptTemplatesThroughS3Only"
    actions   = ["kms:Decrypt"]
    resources = [arn]
    condition = { StringEquals = { "kms:ViaService" = [local.data_key_services.s3] } }
  }]
  write_bucket_key_statements = [for arn in var.data_kms_key_arn[*] : {
    sid       = "EncryptTemplatesThroughS3Only"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [arn]
    condition = { StringEquals = { "kms:ViaService" = [local.data_key_services.s3] } }
  }]

  publish_statement = {
    sid       = "PublishStatusEvents"
    actions   = ["events:PutEvents"]
    resources = [local.bus_arn]
  }
  read_templates_statement = {
    sid       = "ReadTemplates"
    actions   = ["s3:GetObject"]
    resources = ["${module.template_bucket.arn}/templates/*"]
  }
  # Without it S3 answers 403 for a missing template, as for a missing permission.
  list_templates_statement = {
    sid       = "DistinguishMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = [module.template_bucket.arn]
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Sender
# ---------------------------------------------------------------------------------------------------------------------

locals {
  send_statement = {
    sid       = "SendFromOwnIdentities"
    actions   = ["ses:SendRawEmail"]
    resources = ["${local.ses_arn_prefix}:identity/*"]
    condition = { StringLike = { "ses:FromAddress" = local.sender_addresses } }
  }
  # In sink mode nothing is handed to SES, so the sender may not.
  may_send = var.delivery.mode != "sink"

  sender_statements = concat(
    local.may_send ? [local.send_statement] : [],
    [
      {
        sid       = "GetSendQuotaHasNoResourceLevel"
        actions   = ["ses:GetSendQuota"]
        resources = ["*"]
      },
      {
        sid       = "ClaimAndRecordEmails"
        actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
        resources = [module.tables.tracking_arn]
      },
      {
        sid       = "FindFirstContacts"
        actions   = ["dynamodb:Query"]
        resources = ["${module.tables.tracking_arn}/index/to-email-timestamp-index"]
      },
      {
        sid       = "CheckSuppressionAndUnsubscribe"
        actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
        resources = [module.tables.suppression_arn]
      },
      {
        sid       = "ReservePaceAndCount"
        actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        resources = [module.tables.control_arn]
      },
      {
        sid       = "KeepForRetry"
        actions   = ["dynamodb:PutItem", "dynamodb:BatchWriteItem"]
        resources = [module.tables.pending_arn]
      },
      {
        sid       = "ReadKeys"
        actions   = ["ssm:GetParameter"]
        resources = [local.keys_arn]
      },
      local.read_templates_statement,
      local.list_templates_statement,
      {
        sid       = "DelayOrForwardToBulkQueue"
        actions   = ["sqs:SendMessage"]
        resources = [module.retry_queue.arn, module.bulk_retry_queue.arn, module.bulk_queue.arn]
      },
      {
        sid       = "GiveUpUnreadableMessages"
        actions   = ["sqs:SendMessage"]
        resources = local.sender_queues[*].dead_letter_arn
      },
      {
        sid       = "ProbeFeedbackWay"
        actions   = ["sns:Publish"]
        resources = [local.feedback_topic_arn]
      },
      {
        # The key may be made by the same apply, so its ARN is no part of the policy; SNS names the topic to KMS.
        sid       = "EncryptProbesWithKeyOfTopicOnly"
        actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
        resources = ["arn:${local.account.partition}:kms:${local.account.region}:${local.account.id}:key/*"]
        condition = { StringEquals = { "kms:EncryptionContext:aws:sns:topicArn" = [local.feedback_topic_arn] } }
      },
      local.publish_statement,
    ],
    local.table_key_statements,
    local.read_bucket_key_statements,
    !local.may_send || module.ses_events.configuration_set_arn == null ? [] : [{
      sid       = "SendWithConfigurationSet"
      actions   = ["ses:SendRawEmail"]
      resources = [module.ses_events.configuration_set_arn]
    }],
    # Where the call names no set, SES uses the default one that the identity may have, and checks the permission on it.
    !local.may_send || module.ses_events.configuration_set_arn != null ? [] : [{
      sid       = "SendWithDefaultSetOfIdentity"
      actions   = ["ses:SendRawEmail"]
      resources = ["${local.ses_arn_prefix}:configuration-set/*"]
      condition = local.send_statement.condition
    }],
    length(local.attachment_arns) == 0 ? [] : [{
      sid       = "ReadAttachments"
      actions   = ["s3:GetObject"]
      resources = local.attachment_arns
    }],
    # S3 asks KMS in the sender's name; used directly, the keys are denied.
    length(var.attachment_kms_key_arns) == 0 ? [] : [{
      sid       = "DecryptAttachmentsThroughS3Only"
      actions   = ["kms:Decrypt"]
      resources = var.attachment_kms_key_arns
      condition = { StringEquals = { "kms:ViaService" = local.attachment_key_services } }
    }],
  )
}

# ---------------------------------------------------------------------------------------------------------------------
# Feedback processor
# ---------------------------------------------------------------------------------------------------------------------

locals {
  feedback_statements = concat([
    {
      sid       = "FoldEvents"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
      resources = [module.tables.tracking_arn]
    },
    {
      sid       = "FindBySesIdAndRecipient"
      actions   = ["dynamodb:Query"]
      resources = [for index in ["ses-message-id-index", "to-email-timestamp-index"] : "${module.tables.tracking_arn}/index/${index}"]
    },
    {
      sid       = "Suppress"
      actions   = concat(["dynamodb:PutItem"], var.not_spam_lifts_suppression ? ["dynamodb:DeleteItem"] : [])
      resources = [module.tables.suppression_arn]
    },
    {
      sid       = "CountAndTrip"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [module.tables.control_arn]
    },
    {
      sid       = "LookAtAlarmsOnSesRates"
      actions   = ["cloudwatch:DescribeAlarms"]
      resources = module.alarms.pause_alarm_arns
    },
    {
      sid       = "TakeOrDeletePending"
      actions   = ["dynamodb:GetItem", "dynamodb:BatchWriteItem"]
      resources = [module.tables.pending_arn]
    },
    {
      sid       = "RequeueEvents"
      actions   = ["sqs:SendMessage"]
      resources = [module.feedback_queue.arn]
    },
    {
      sid       = "GiveUpUnreadableEvents"
      actions   = ["sqs:SendMessage"]
      resources = [module.feedback_queue.dead_letter_arn]
    },
    {
      sid       = "ScheduleRetry"
      actions   = ["sqs:SendMessage"]
      resources = [module.retry_queue.arn, module.bulk_retry_queue.arn]
    },
    local.publish_statement,
  ], local.table_key_statements)
}

# ---------------------------------------------------------------------------------------------------------------------
# Seeder
# ---------------------------------------------------------------------------------------------------------------------

locals {
  seeder_statements = concat([
    {
      sid       = "CreateKeys"
      actions   = concat(["ssm:PutParameter"], var.retain_data_on_delete ? [] : ["ssm:DeleteParameter"])
      resources = [local.keys_arn]
    },
    {
      sid       = "ReadStarters"
      actions   = ["s3:GetObject"]
      resources = ["${module.template_bucket.arn}/${local.starters_key}"]
    },
    {
      sid       = "InstallTemplates"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${module.template_bucket.arn}/templates/*"]
    },
    local.list_templates_statement,
  ], local.write_bucket_key_statements)
}

# ---------------------------------------------------------------------------------------------------------------------
# Unsubscribe page
# ---------------------------------------------------------------------------------------------------------------------

locals {
  unsubscribe_statements = concat([
    {
      sid       = "FindEmailOfLink"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [module.tables.tracking_arn]
    },
    {
      sid       = "ReadChoicesOfRecipient"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [module.tables.suppression_arn]
    },
    {
      # Keys `address#topic` alone: whoever controls the function lifts no bounce and no complaint.
      # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
      sid       = "UnsubscribeAndComeBack"
      actions   = ["dynamodb:PutItem", "dynamodb:DeleteItem"]
      resources = [module.tables.suppression_arn]
      condition = {
        "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*@*#*"] }
        Null                      = { "dynamodb:LeadingKeys" = ["false"] }
      }
    },
    {
      sid       = "ReadTopicsOfProducer"
      actions   = ["dynamodb:BatchGetItem"]
      resources = [module.tables.control_arn]
    },
    {
      sid       = "ReadKeyOfLinks"
      actions   = ["ssm:GetParameter"]
      resources = [replace(local.keys_arn, "/*", "/unsubscribe")]
    },
    {
      # No requests, and nothing under a producer's source: the internet calls this function. Every entry of a call must
      # match: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
      sid       = "PublishChoicesOfRecipients"
      actions   = ["events:PutEvents"]
      resources = [local.bus_arn]
      condition = {
        "ForAllValues:StringEquals" = {
          "events:source"      = [var.status_event_source]
          "events:detail-type" = ["Email Unsubscribed", "Email Resubscribed"]
        }
        Null = { "events:source" = ["false"], "events:detail-type" = ["false"] }
      }
    },
  ], local.table_key_statements)
}
