# ---------------------------------------------------------------------------------------------------------------------
# The templates: versioned, encrypted, private, TLS only.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  arn = "arn:${var.account.partition}:s3:::${var.name}"
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18: templates are not personal data; CloudTrail data events show who changed one
  # checkov:skip=CKV_AWS_144: templates live in the user's repository as well; versioning covers mistakes
  # checkov:skip=CKV_AWS_145: AES256 is the default, so that whoever uploads a template needs no right on a key; a customer key comes by data_kms_key_arn
  # checkov:skip=CKV2_AWS_62: nothing waits for a new template: the sender revalidates its cache by ETag
  bucket        = var.name
  force_destroy = !var.retain_data_on_delete
  tags          = var.tags

  lifecycle {
    precondition {
      condition     = length(var.name) <= 63
      error_message = "The template bucket's name would be ${var.name}, and S3 allows 63 characters. Shorten name by ${max(0, length(var.name) - 63)}."
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "expire-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # S3 answers an expiration of old versions on an unversioned bucket with an error.
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.arn, "${local.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # Both change the bucket's policy state; S3 refuses one while the other is under way.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
