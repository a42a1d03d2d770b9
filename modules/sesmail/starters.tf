# ---------------------------------------------------------------------------------------------------------------------
# The starter templates: uploaded as one package, installed by the seeder whenever the package changes.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  starters_key  = "starters/starters.zip"
  starters_path = "${local.package_dir}/starters.zip"
  starters_hash = fileexists(local.starters_path) ? filesha256(local.starters_path) : null
}

resource "aws_s3_object" "starters" {
  # checkov:skip=CKV_AWS_186: public templates; the bucket encrypts them with AES256
  bucket      = module.template_bucket.name
  key         = local.starters_key
  source      = local.starters_path
  source_hash = local.starters_hash

  lifecycle {
    precondition {
      condition     = fileexists(local.starters_path)
      error_message = "${local.starters_path} is missing. Run `make package`, or set package_dir to the folder that contains the packages."
    }
  }
}

# It also creates the engine's keys, and does so again when an upgrade adds one; at destroy it deletes them, unless data is
# kept. No triggers: they would replace it, and that calls it to destroy first.
resource "aws_lambda_invocation" "seed" {
  function_name   = module.template_seeder.name
  lifecycle_scope = "CRUD"
  input = jsonencode({
    keys        = ["erasure", "fingerprint", "unsubscribe"]
    retain_data = var.retain_data_on_delete
    starters    = local.starters_hash
  })

  depends_on = [aws_s3_object.starters]
}
