variable "package_dir" {
  description = "Folder of the packages that `make package` writes; null for the dist folder of this repository."
  type        = string
  default     = null
}
