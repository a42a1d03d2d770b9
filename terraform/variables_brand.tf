# Generated from modules/sesmail by tools/generators/terraform_docs.py (make docs): change it there.

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
}
