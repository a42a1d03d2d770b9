variable "name" {
  description = "Name of the layer."
  type        = string
}

variable "package_path" {
  description = "Path of the layer's zip package."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime that the layer was built for."
  type        = string
}

variable "architecture" {
  description = "Processor that the layer was built for."
  type        = string
}
