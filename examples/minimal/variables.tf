variable "package_dir" {
  description = "Folder that contains the packages of `make package`; null for the dist folder of this repository."
  type        = string
  default     = null
}
