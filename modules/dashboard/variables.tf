variable "name" {
  description = "Name of the engine: the first part of every resource's name."
  type        = string
}

variable "dashboard_name" {
  description = "Name of the dashboard. CloudWatch keeps dashboards by account, for all regions together."
  type        = string
}

variable "account" {
  description = "Partition, region and account id that ARNs are built from, so that policies can name a resource before it exists."
  type        = object({ partition = string, region = string, id = string })
}

variable "event_bus_name" {
  description = "Name of the event bus."
  type        = string
}

variable "rule_names" {
  description = "Rules of the bus that lead to the queues."
  type        = list(string)
}

variable "queue_names" {
  description = "Queues that emails and events pass through, by label."
  type        = map(string)
}

variable "dead_letter_queue_names" {
  description = "Dead-letter queues, by label."
  type        = map(string)
}

variable "function_names" {
  description = "Names of the functions that read the queues."
  type        = list(string)
}
