# ---------------------------------------------------------------------------------------------------------------------
# What emails look like
# ---------------------------------------------------------------------------------------------------------------------

variable "brand" {
  description = "Template variables that every email has by default; a request's own templateData win. Colours are #rrggbb, logos https URLs of images about 32 pixels high (logoDarkUrl for dark mode), companyAddress may have several lines. jsondecode(file(\"brand.json\")) shares one file with the command sesmail template."
  type = object({
    brandColor     = optional(string)
    brandTextColor = optional(string)
    logoUrl        = optional(string)
    logoDarkUrl    = optional(string)
    companyName    = optional(string)
    companyAddress = optional(string)
    supportEmail   = optional(string)
    companyUrl     = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for color in [var.brand.brandColor, var.brand.brandTextColor] : color == null || can(regex("^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$", color))])
    error_message = "brandColor and brandTextColor of brand are colours such as #2f4bd8."
  }

  validation {
    condition     = alltrue([for url in [var.brand.logoUrl, var.brand.logoDarkUrl, var.brand.companyUrl] : url == null || can(regex("^https://[^[:space:]\"<>]+$", url))])
    error_message = "logoUrl, logoDarkUrl and companyUrl of brand start with https://, as in https://example.com/logo.png."
  }

  validation {
    condition     = var.brand.supportEmail == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.brand.supportEmail))
    error_message = "supportEmail of brand must be one email address, such as help@example.com."
  }

  validation {
    condition     = alltrue([for text in [var.brand.companyName, var.brand.companyAddress] : text == null || can(regex("[^[:space:]]", text))]) && can(regex("^[^[:cntrl:]]*$", coalesce(var.brand.companyName, "-")))
    error_message = "companyName and companyAddress of brand must not be empty, and companyName has one line: leave out what you do not want."
  }

  validation {
    # Lambda's environment ends at 4 KB for all variables of a function. base64 makes four characters of three bytes.
    condition     = length(base64encode("${jsonencode({ for variable, value in var.brand : variable => value if value != null })}${join(",", coalesce(var.delivery.allow, []))}")) <= 1336
    error_message = "brand, as JSON, and allow of delivery have room for 1000 bytes together: shorten companyAddress or the URLs."
  }
}
