# The only variable of this configuration itself. It passes all others on to modules/sesmail, which validates them.
variable "aws_region" {
  description = "AWS region to deploy to; null uses AWS_REGION, or the region of the profile."
  type        = string
  default     = null

  validation {
    condition     = var.aws_region == null ? true : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be the name of a region, such as eu-west-1, or null."
  }
}
