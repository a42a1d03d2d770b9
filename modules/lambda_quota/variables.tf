variable "maximum_concurrency" {
  description = "Concurrent executions that each event source may ask for, by its name."
  type        = map(number)
}

variable "reserved" {
  description = "Concurrent executions that all functions together reserve; 0 if none."
  type        = number
}
