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

  validation {
    condition     = contains(["live", "redirect", "allow", "sink"], var.delivery.mode)
    error_message = "mode of delivery must be live, redirect, allow or sink."
  }

  validation {
    condition     = var.delivery.mode != "redirect" ? true : can(regex("^[A-Za-z0-9.!$%&'+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$", var.delivery.to))
    error_message = "delivery with mode redirect needs to: one address in ASCII without a display name, such as staging@example.com; a domain such as bücher.example in its form xn--bcher-kva.example."
  }

  validation {
    condition     = var.delivery.mode == "redirect" || var.delivery.to == null
    error_message = "to of delivery belongs to mode redirect alone: leave it out, or set mode = \"redirect\"."
  }

  validation {
    condition     = (var.delivery.mode == "allow") == (length(coalesce(var.delivery.allow, [])) > 0)
    error_message = "allow of delivery belongs to mode allow, which needs at least one entry: leave it out, or set mode = \"allow\"."
  }

  validation {
    condition     = alltrue([for entry in coalesce(var.delivery.allow, []) : can(regex("^([A-Za-z0-9.!$%&'+/=?^_`{|}~-]{1,64}@|[*][.])?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$", entry))])
    error_message = "allow of delivery takes addresses (ada@example.com), domains (example.com) and, as *.example.com, the subdomains of a domain, in ASCII: a domain such as bücher.example in its form xn--bcher-kva.example."
  }

  validation {
    # Lambda's environment ends at 4 KB for all variables of a function.
    condition     = length(join(",", coalesce(var.delivery.allow, []))) <= 1000
    error_message = "allow of delivery has room for 1000 characters, commas included: list domains instead of addresses."
  }
}
