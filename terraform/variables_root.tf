# The root's own variable; all others are the module's and validated there.
variable "aws_region" {
  description = "Region to deploy to; null uses AWS_REGION or the profile's region."
  type        = string
  default     = null

  validation {
    condition     = var.aws_region == null ? true : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region's name such as eu-west-1, or null."
  }
}
