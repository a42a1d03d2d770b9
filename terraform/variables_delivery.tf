# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Delivery mode
# ---------------------------------------------------------------------------------------------------------------------

variable "delivery" {
  description = "Who receives mail. Keep the default, live, in production. Use another mode everywhere else, so that copies of real addresses receive no mail."
  type = object({
    # live: the recipients receive mail. redirect: only the mailbox in to does, and headers name the recipients. allow:
    # only what the list allow contains does. sink: no one does; emails are rendered and recorded.
    mode = optional(string, "live")
    # Mailbox of mode redirect.
    to = optional(string)
    # List of mode allow: addresses, domains (example.com), or subdomains (*.example.com).
    allow = optional(list(string), [])
  })
  default  = {}
  nullable = false
}
