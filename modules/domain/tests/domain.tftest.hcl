mock_provider "aws" {
  override_during = plan

  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
  mock_resource "aws_sesv2_email_identity" {
    defaults = { dkim_signing_attributes = { tokens = ["one", "two", "three"] } }
  }
}

# A region with a DKIM hosted zone of its own, and one that this module does not know.
mock_provider "aws" {
  alias           = "milan"
  override_during = plan

  mock_data "aws_region" {
    defaults = { id = "eu-south-1" }
  }
  mock_resource "aws_sesv2_email_identity" {
    defaults = { dkim_signing_attributes = { tokens = ["one", "two", "three"] } }
  }
}

mock_provider "aws" {
  alias           = "nowhere"
  override_during = plan

  mock_data "aws_region" {
    defaults = { id = "xx-nowhere-1" }
  }
  mock_resource "aws_sesv2_email_identity" {
    defaults = { dkim_signing_attributes = { tokens = ["one", "two", "three"] } }
  }
}

variables {
  domain = "example.com"
}

run "without_a_zone_six_records_are_an_output_and_none_is_created" {
  command = plan

  assert {
    condition     = length(aws_route53_record.this) == 0
    error_message = "Without a zone there must be no Route 53 record."
  }

  assert {
    condition = output.dns_records == [
      { name = "one._domainkey.example.com", type = "CNAME", ttl = 600, value = "one.dkim.amazonses.com" },
      { name = "two._domainkey.example.com", type = "CNAME", ttl = 600, value = "two.dkim.amazonses.com" },
      { name = "three._domainkey.example.com", type = "CNAME", ttl = 600, value = "three.dkim.amazonses.com" },
      { name = "_dmarc.example.com", type = "TXT", ttl = 600, value = "v=DMARC1; p=none" },
      { name = "mail.example.com", type = "MX", ttl = 600, value = "10 feedback-smtp.eu-west-1.amazonses.com" },
      { name = "mail.example.com", type = "TXT", ttl = 600, value = "v=spf1 include:amazonses.com ~all" },
    ]
    error_message = "The output must hold DKIM, DMARC, and MAIL FROM's MX and SPF."
  }

  assert {
    condition = output.zone_file == join("\n", [
      "one._domainkey.example.com. 600 IN CNAME one.dkim.amazonses.com.",
      "two._domainkey.example.com. 600 IN CNAME two.dkim.amazonses.com.",
      "three._domainkey.example.com. 600 IN CNAME three.dkim.amazonses.com.",
      "_dmarc.example.com. 600 IN TXT \"v=DMARC1; p=none\"",
      "mail.example.com. 600 IN MX 10 feedback-smtp.eu-west-1.amazonses.com.",
      "mail.example.com. 600 IN TXT \"v=spf1 include:amazonses.com ~all\"",
      "",
    ])
    error_message = "A zone file needs absolute names and quoted texts."
  }

  assert {
    condition = (
      aws_sesv2_email_identity.this.email_identity == "example.com" &&
      aws_sesv2_email_identity.this.dkim_signing_attributes[0].next_signing_key_length == "RSA_2048_BIT"
    )
    error_message = "SES must sign with keys of 2048 bits."
  }

  assert {
    condition = (
      aws_sesv2_email_identity_mail_from_attributes.this.mail_from_domain == "mail.example.com" &&
      aws_sesv2_email_identity_mail_from_attributes.this.behavior_on_mx_failure == "USE_DEFAULT_VALUE"
    )
    error_message = "Mail must go out before SES has found the MX record."
  }

  assert {
    condition     = output.domain == "example.com" && output.mail_from_domain == "mail.example.com" && output.tracking_domain == null
    error_message = "The outputs must name the domains, and no tracking domain where there is none."
  }
}

run "with_a_zone_the_same_six_records_are_created" {
  command = plan

  variables {
    domain              = "news.example.com"
    route53_zone_id     = "Z0123456789ABCDEFGHIJ"
    mail_from_subdomain = "bounce.mail"
  }

  assert {
    condition = { for key, record in aws_route53_record.this : key => "${record.name} ${record.type} ${one(record.records)}" } == {
      dkim_1        = "one._domainkey.news.example.com CNAME one.dkim.amazonses.com"
      dkim_2        = "two._domainkey.news.example.com CNAME two.dkim.amazonses.com"
      dkim_3        = "three._domainkey.news.example.com CNAME three.dkim.amazonses.com"
      dmarc         = "_dmarc.news.example.com TXT v=DMARC1; p=none"
      mail_from_mx  = "bounce.mail.news.example.com MX 10 feedback-smtp.eu-west-1.amazonses.com"
      mail_from_spf = "bounce.mail.news.example.com TXT v=spf1 include:amazonses.com ~all"
    }
    error_message = "Six records must be created in the zone, which may be that of a domain above."
  }

  assert {
    condition     = alltrue([for record in aws_route53_record.this : record.zone_id == "Z0123456789ABCDEFGHIJ" && record.ttl == 600])
    error_message = "All records must be in the zone, with their TTL."
  }
}

run "records_in_a_zone_are_optional" {
  command = plan

  variables {
    route53_zone_id = "Z0123456789ABCDEFGHIJ"
    create_records  = false
  }

  assert {
    condition     = length(aws_route53_record.this) == 0
    error_message = "create_records = false must create none."
  }
}

run "records_without_a_zone_are_rejected" {
  command = plan

  variables {
    create_records = true
  }

  expect_failures = [aws_route53_record.this]
}

run "a_zone_that_does_not_contain_the_domain_is_rejected" {
  command = plan

  variables {
    route53_zone_id = "Z0123456789ABCDEFGHIJ"
  }

  # The provider appends the name of a wrong zone.
  override_resource {
    target          = aws_route53_record.this
    override_during = plan
    values          = { fqdn = "mail.example.com.example.org" }
  }

  expect_failures = [aws_route53_record.this]
}

run "a_region_with_a_dkim_zone_of_its_own_uses_it" {
  command = plan

  providers = { aws = aws.milan }

  assert {
    condition = (
      output.dkim_hosted_zone == "dkim.eu-south-1.amazonses.com" &&
      output.dns_records[0].value == "one.dkim.eu-south-1.amazonses.com" &&
      output.dns_records[4].value == "10 feedback-smtp.eu-south-1.amazonses.com"
    )
    error_message = "The records must point to the region's hosts."
  }
}

run "an_unknown_region_is_rejected" {
  command = plan

  providers = { aws = aws.nowhere }

  expect_failures = [aws_sesv2_email_identity.this]
}

run "an_unknown_region_takes_a_hosted_zone" {
  command = plan

  providers = { aws = aws.nowhere }

  variables {
    dkim_hosted_zone = "dkim.xx-nowhere-1.amazonses.com"
  }

  assert {
    condition     = output.dns_records[2].value == "three.dkim.xx-nowhere-1.amazonses.com"
    error_message = "The hosted zone that was set must be used."
  }
}

run "the_hosted_zone_that_ses_names_wins_over_the_list" {
  command = plan

  variables {
    dkim_hosted_zone = "c1.dkim.amazonses.com"
  }

  assert {
    condition     = output.dkim_hosted_zone == "c1.dkim.amazonses.com" && output.dns_records[0].value == "one.c1.dkim.amazonses.com"
    error_message = "AWS may use another zone in a listed region: what the user sets must win."
  }
}

run "dmarc_takes_policies_and_addresses" {
  command = plan

  variables {
    dmarc = { policy = "reject", subdomain_policy = "quarantine", rua = "dmarc@example.com, mailto:reports@example.org" }
  }

  assert {
    condition     = output.dns_records[3].value == "v=DMARC1; p=reject; sp=quarantine; rua=mailto:dmarc@example.com,mailto:reports@example.org"
    error_message = "Each address must be a mailto URI, written out or not."
  }
}

run "a_domain_that_has_a_dmarc_record_keeps_it" {
  command = plan

  variables {
    dmarc           = null
    route53_zone_id = "Z0123456789ABCDEFGHIJ"
  }

  assert {
    condition     = toset(keys(aws_route53_record.this)) == toset(["dkim_1", "dkim_2", "dkim_3", "mail_from_mx", "mail_from_spf"]) && length(output.dns_records) == 5
    error_message = "dmarc = null must write no DMARC record."
  }
}

run "tracking_adds_a_seventh_record" {
  command = plan

  variables {
    tracking_subdomain = "click"
    route53_zone_id    = "Z0123456789ABCDEFGHIJ"
  }

  assert {
    condition = (
      length(aws_route53_record.this) == 7 &&
      output.dns_records[6] == { name = "click.example.com", type = "CNAME", ttl = 600, value = "r.eu-west-1.awstrack.me" } &&
      output.tracking_domain == "click.example.com"
    )
    error_message = "The tracking domain must point to SES's host in the region."
  }
}

run "tracking_through_a_cdn_points_to_it" {
  command = plan

  variables {
    tracking_subdomain = "click"
    tracking_target    = "d111111abcdef8.cloudfront.net"
  }

  assert {
    condition     = output.dns_records[6].value == "d111111abcdef8.cloudfront.net"
    error_message = "With a CDN in front, the record must point to the CDN."
  }
}
