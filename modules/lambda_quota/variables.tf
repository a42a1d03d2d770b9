variable "maximum_concurrency" {
  description = "Concurrent executions that each queue may start, by the queue's name in the engine."
  type        = map(number)
}

variable "reserved" {
  description = "Concurrent executions that all functions of the engine reserve together; 0 if none."
  type        = number
}
