# ---------------------------------------------------------------------------------------------------------------------
# A sender's domain in SES: identity, DKIM, MAIL FROM, and the DNS records for them and for DMARC.
# ---------------------------------------------------------------------------------------------------------------------

data "aws_region" "current" {}

locals {
  region           = data.aws_region.current.id
  creates_records  = coalesce(var.create_records, var.route53_zone_id != null)
  mail_from_domain = "${var.mail_from_subdomain}.${var.domain}"
  dkim_tokens      = aws_sesv2_email_identity.this.dkim_signing_attributes[0].tokens

  dkim_hosted_zone = var.dkim_hosted_zone != null ? var.dkim_hosted_zone : lookup(local.dkim_hosted_zones, local.region, null)
}

# ---------------------------------------------------------------------------------------------------------------------
# Identity
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_sesv2_email_identity" "this" {
  email_identity = var.domain
  tags           = var.tags

  dkim_signing_attributes {
    next_signing_key_length = "RSA_2048_BIT"
  }

  lifecycle {
    precondition {
      condition     = local.dkim_hosted_zone != null
      error_message = "This module does not know the zone of DKIM keys in ${local.region}. Set dkim_hosted_zone to the region's entry under \"DKIM domains\" in https://docs.aws.amazon.com/general/latest/gr/ses.html, or to DkimAttributes.SigningHostedZone in the answer of aws sesv2 get-email-identity for an identity that you have there."
    }
  }
}

# Until SES finds the MX record, mail goes out under SES's own MAIL FROM domain instead of failing.
resource "aws_sesv2_email_identity_mail_from_attributes" "this" {
  email_identity         = aws_sesv2_email_identity.this.email_identity
  mail_from_domain       = local.mail_from_domain
  behavior_on_mx_failure = "USE_DEFAULT_VALUE"
}

# ---------------------------------------------------------------------------------------------------------------------
# Records
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_route53_record" "this" {
  for_each = { for key, record in local.records : key => record if local.creates_records }

  zone_id = var.route53_zone_id
  name    = each.value.name
  type    = each.value.type
  ttl     = each.value.ttl
  records = [each.value.value]

  lifecycle {
    precondition {
      condition     = var.route53_zone_id != null
      error_message = "create_records = true needs route53_zone_id. Set it to the public zone of ${var.domain}, or leave create_records null."
    }

    # The provider appends the zone's name to a name outside the zone.
    postcondition {
      condition     = self.fqdn == each.value.name
      error_message = "The zone ${self.zone_id} does not contain ${each.value.name}. Set route53_zone_id to the public zone of ${var.domain} or of a domain above it."
    }
  }
}
