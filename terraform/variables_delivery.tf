# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

# ---------------------------------------------------------------------------------------------------------------------
# Delivery mode
# ---------------------------------------------------------------------------------------------------------------------

variable "delivery" {
  description = "Who receives mail. Keep the default, live, in production. Use another mode everywhere else, so that copies of real addresses receive no mail."
  type = object({
    # live: the recipients receive mail. redirect: all mail goes to the mailbox `to`, and headers name the recipients.
    # allow: only recipients on the list `allow` receive mail. sink: no mail is sent; emails are rendered and recorded.
    mode = optional(string, "live")
    # Mailbox that receives all mail in mode redirect.
    to = optional(string)
    # Who receives mail in mode allow: addresses, domains (example.com), or subdomains (*.example.com).
    allow = optional(list(string), [])
  })
  default  = {}
  nullable = false
}
