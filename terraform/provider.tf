# ---------------------------------------------------------------------------------------------------------------------
# The deployable root: this provider, the module in sesmail.tf, and its variables and outputs passed through.
# ---------------------------------------------------------------------------------------------------------------------

provider "aws" {
  region = var.aws_region

  default_tags {
    tags = { Application = "SESMail", Environment = var.environment }
  }
}
