# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Who receives mail
# ---------------------------------------------------------------------------------------------------------------------

variable "delivery" {
  description = "Who receives mail. live: the recipients. redirect: the one mailbox in to, with the recipients in the headers. allow: only the addresses and domains in allow (example.com; *.example.com for its subdomains). sink: no one, emails are rendered and recorded."
  type = object({
    mode  = optional(string, "live")
    to    = optional(string)
    allow = optional(list(string), [])
  })
  default  = {}
  nullable = false
}
