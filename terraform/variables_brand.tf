# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

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
}
