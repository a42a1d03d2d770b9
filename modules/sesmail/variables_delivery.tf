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

  validation {
    condition     = contains(["live", "redirect", "allow", "sink"], var.delivery.mode)
    error_message = "mode of delivery must be live, redirect, allow or sink."
  }

  validation {
    condition     = var.delivery.mode != "redirect" ? true : can(regex("^[A-Za-z0-9.!$%&'+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$", var.delivery.to))
    error_message = "to of delivery must be one address in ASCII without a display name, such as staging@example.com, if mode is redirect. Write a domain such as bücher.example as xn--bcher-kva.example."
  }

  validation {
    condition     = var.delivery.mode == "redirect" || var.delivery.to == null
    error_message = "to of delivery must be left out in every other mode. Remove it, or set mode = \"redirect\"."
  }

  validation {
    condition     = (var.delivery.mode == "allow") == (length(coalesce(var.delivery.allow, [])) > 0)
    error_message = "allow of delivery must be a list with an entry if mode is allow, and left out in every other mode. Correct mode or allow."
  }

  validation {
    condition     = alltrue([for entry in coalesce(var.delivery.allow, []) : can(regex("^([A-Za-z0-9.!$%&'+/=?^_`{|}~-]{1,64}@|[*][.])?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$", entry))])
    error_message = "allow of delivery must be a list of addresses (ada@example.com), domains (example.com) and subdomains (*.example.com) in ASCII: write bücher.example as xn--bcher-kva.example."
  }

  validation {
    # Lambda's environment ends at 4 KB for all variables of a function.
    condition     = length(join(",", coalesce(var.delivery.allow, []))) <= 1000
    error_message = "allow of delivery must be at most 1000 characters long, commas included. List domains instead of addresses."
  }
}
