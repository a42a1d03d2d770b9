mock_provider "aws" {}

variables {
  name                  = "mail-templates-123456789012"
  account               = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  retain_data_on_delete = true
  kms_key_arn           = null
}

run "bucket_is_private_versioned_encrypted_and_tls_only" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "mail-templates-123456789012" && !aws_s3_bucket.this.force_destroy
    error_message = "The bucket's name is public interface, and a destroy must stop while it contains templates."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Templates must be versioned."
  }

  assert {
    condition = (
      one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled &&
      one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    )
    error_message = "Templates must be encrypted with AES256."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy &&
      aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    )
    error_message = "All four public accesses must be blocked."
  }

  assert {
    condition     = one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "Access control lists must be off."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement == [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::mail-templates-123456789012", "arn:aws:s3:::mail-templates-123456789012/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "Requests without TLS must be denied, on the bucket and its objects."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 90
    error_message = "Old versions must not be kept for ever."
  }
}

run "destroy_may_empty_the_bucket_when_asked" {
  command = plan

  variables {
    retain_data_on_delete = false
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy
    error_message = "retain_data_on_delete = false must let a destroy empty the bucket."
  }
}

run "templates_are_encrypted_with_the_customers_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234"
  }

  assert {
    condition = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0] == {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "arn:aws:kms:eu-west-1:123456789012:key/1234"
    }
    error_message = "Whoever uploads a template without naming a key must get this one."
  }
}

run "a_name_that_s3_rejects_fails_the_plan" {
  command = plan

  variables {
    name = "a-name-of-thirty-letters-at-mo-templates-123456789012-ap-southeast-1"
  }

  expect_failures = [aws_s3_bucket.this]
}
