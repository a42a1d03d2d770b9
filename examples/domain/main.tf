# The engine and the domain that it sends from. With a Route 53 zone the records are created; without one they are the
# output dns_records, to put into your DNS.
provider "aws" {
  region = "eu-west-1"
}

module "domain" {
  source = "../../modules/domain"

  domain             = var.domain
  route53_zone_id    = var.route53_zone_id
  dmarc              = { policy = "none", rua = "dmarc@${var.domain}" }
  tracking_subdomain = "click"
}

module "sesmail" {
  source = "../../modules/sesmail"

  package_dir          = var.package_dir
  name                 = "mail"
  admin_email          = "ops@${var.domain}"
  default_sender_email = "no-reply@${module.domain.domain}"
  tracking_domain      = var.domain_is_verified ? module.domain.tracking_domain : null
}
