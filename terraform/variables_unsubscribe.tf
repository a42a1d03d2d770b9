# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Unsubscribing
# ---------------------------------------------------------------------------------------------------------------------

variable "unsubscribe_endpoint" {
  description = "Deploy the unsubscribe page: listUnsubscribe = true puts its signed link into an email, and one click there ends the bulk mail of a topic."
  type        = bool
  default     = false
}

variable "unsubscribe_base_url" {
  description = "Where links to the unsubscribe page start, such as https://mail.example.com, a domain that you have mapped to output unsubscribe_api_id; null uses the API's own address."
  type        = string
  default     = null
}

variable "unsubscribe_requests_per_second" {
  description = "Requests a second that the unsubscribe page takes, with bursts of twice as many; API Gateway rejects more with 429."
  type        = number
  default     = 50
}

variable "unsubscribe_reserved_concurrency" {
  description = "Concurrent executions that are kept for the unsubscribe page alone, and its limit; null reserves none, which an account with ten executions needs."
  type        = number
  default     = null
}

variable "bulk_requires_unsubscribe" {
  description = "What happens to bulk mail without listUnsubscribe: warn sends it and logs its producer; refuse fails it."
  type        = string
  default     = "warn"
}
