# ---------------------------------------------------------------------------------------------------------------------
# Brand
# ---------------------------------------------------------------------------------------------------------------------

variable "brand" {
  description = "Your name, colours and logo, as template variables that every email has by default. A request's own templateData take precedence. With jsondecode(file(\"brand.json\")), Terraform and the command sesmail template read the same file."
  type = object({
    # Colour of buttons and links.
    brandColor = optional(string)
    # Colour of text on brandColor; null chooses black or white, whichever is easier to read.
    brandTextColor = optional(string)
    # Image that emails show 32 pixels high.
    logoUrl = optional(string)
    # Logo for dark mode; null shows logoUrl on a white background.
    logoDarkUrl = optional(string)
    # Name of your company, in one line.
    companyName = optional(string)
    # Postal address of your company; it may have several lines.
    companyAddress = optional(string)
    # Address that recipients write to for help.
    supportEmail = optional(string)
    # Website of your company.
    companyUrl = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for color in [var.brand.brandColor, var.brand.brandTextColor] : color == null || can(regex("^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$", color))])
    error_message = "brandColor and brandTextColor of brand must be colours such as #2f4bd8."
  }

  validation {
    condition     = alltrue([for url in [var.brand.logoUrl, var.brand.logoDarkUrl, var.brand.companyUrl] : url == null || can(regex("^https://[^[:space:]\"<>]+$", url))])
    error_message = "logoUrl, logoDarkUrl and companyUrl of brand must be https URLs without spaces or quotes, such as https://example.com/logo.png."
  }

  validation {
    condition     = var.brand.supportEmail == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.brand.supportEmail))
    error_message = "supportEmail of brand must be one email address, such as help@example.com."
  }

  validation {
    condition     = alltrue([for text in [var.brand.companyName, var.brand.companyAddress] : text == null || can(regex("[^[:space:]]", text))]) && can(regex("^[^[:cntrl:]]*$", coalesce(var.brand.companyName, "-")))
    error_message = "companyName and companyAddress of brand must be texts that are not empty, and companyName a single line. Leave an attribute out if you have no value for it."
  }

  validation {
    # Lambda's environment ends at 4 KB for all variables of a function. base64 makes four characters of three bytes.
    condition     = length(base64encode("${jsonencode({ for variable, value in var.brand : variable => value if value != null })}${join(",", coalesce(var.delivery.allow, []))}")) <= 1336
    error_message = "brand, as JSON, and delivery.allow have room for 1000 bytes together, because Lambda limits a function's environment. Shorten companyAddress or the URLs."
  }
}
