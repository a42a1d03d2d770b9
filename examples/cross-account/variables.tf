variable "shop_account_id" {
  description = "Id of the shop's account."
  type        = string
  default     = "210987654321"
}

variable "shop_role_arn" {
  description = "Role of the shop's account that Terraform assumes to deploy there; null uses its own credentials."
  type        = string
  default     = null
}

variable "package_dir" {
  description = "Folder that contains the packages of `make package`; null for the dist folder of this repository."
  type        = string
  default     = null
}
