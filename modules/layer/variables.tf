variable "name" {
  description = "Name of the layer."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,140}$", var.name))
    error_message = "name must be 1 to 140 letters, digits, hyphens or underscores (Lambda's rule)."
  }
}

variable "package_path" {
  description = "Path of the layer's zip."
  type        = string

  validation {
    condition     = endswith(var.package_path, ".zip")
    error_message = "package_path must name a .zip file."
  }
}

variable "runtime" {
  description = "Lambda runtime that the layer was built for."
  type        = string
  default     = "python3.13"

  validation {
    condition     = can(regex("^python3\\.[0-9]{1,2}$", var.runtime))
    error_message = "runtime must be a Python runtime such as python3.13."
  }
}

variable "architecture" {
  description = "Processor that the layer was built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}
