variable "name" {
  description = "Name of the engine, which is the first part of every resource's name."
  type        = string
}

variable "dashboard_name" {
  description = "Name of the dashboard. It must be unique in the account, because dashboards belong to all its regions."
  type        = string
}

variable "account" {
  description = "Partition, region and id of the AWS account. The module builds ARNs from them, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "event_bus_name" {
  description = "Name of the event bus."
  type        = string
}

variable "rule_names" {
  description = "Names of the bus's rules that lead to the queues."
  type        = list(string)
}

variable "queue_names" {
  description = "Names of the queues that requests and SES events pass through, by the label on the dashboard."
  type        = map(string)
}

variable "dead_letter_queue_names" {
  description = "Names of the dead-letter queues, by the label on the dashboard."
  type        = map(string)
}

variable "function_names" {
  description = "Names of the functions that read the queues."
  type        = list(string)
}
