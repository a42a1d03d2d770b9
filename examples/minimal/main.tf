# The whole engine with its defaults: the two required variables, and where `make package` wrote the packages.
provider "aws" {
  region = "eu-west-1"
}

module "sesmail" {
  source = "../../modules/sesmail"

  package_dir          = var.package_dir
  admin_email          = "ops@example.com"
  default_sender_email = "no-reply@example.com"
}
