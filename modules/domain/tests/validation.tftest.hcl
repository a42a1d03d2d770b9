mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
}

variables {
  domain = "example.com"
}

run "wrong_values_are_rejected" {
  command = plan

  variables {
    domain              = "Example.com"
    mail_from_subdomain = "mail.example.com."
    dmarc               = { policy = "block" }
    route53_zone_id     = "example.com"
    dkim_hosted_zone    = "dkim.amazonses.com."
  }

  expect_failures = [
    var.domain, var.mail_from_subdomain, var.dmarc, var.route53_zone_id, var.dkim_hosted_zone,
  ]
}

run "empty_values_are_rejected" {
  command = plan

  variables {
    domain              = "com"
    mail_from_subdomain = ""
    dmarc               = { policy = "" }
    route53_zone_id     = ""
    dkim_hosted_zone    = ""
  }

  expect_failures = [
    var.domain, var.mail_from_subdomain, var.dmarc, var.route53_zone_id, var.dkim_hosted_zone,
  ]
}

run "a_trailing_dot_and_an_arn_are_rejected" {
  command = plan

  variables {
    domain          = "example.com."
    route53_zone_id = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"
    dmarc           = { subdomain_policy = "block" }
  }

  expect_failures = [var.domain, var.route53_zone_id, var.dmarc]
}

run "an_address_for_reports_that_is_none_is_rejected" {
  command = plan

  variables {
    dmarc = { rua = "dmarc@example.com, https://example.com/reports" }
  }

  expect_failures = [var.dmarc]
}

run "a_dmarc_record_that_is_too_long_for_one_text_is_rejected" {
  command = plan

  variables {
    dmarc = { rua = join(",", [for number in range(10) : "dmarc-${number}@example.com"]) }
  }

  expect_failures = [var.dmarc]
}

# 155 characters as they are given, and 309 as URIs.
run "many_short_dmarc_addresses_that_make_a_text_too_long_are_rejected" {
  command = plan

  variables {
    dmarc = { rua = join(",", [for number in range(22) : "a@b.cc"]) }
  }

  expect_failures = [var.dmarc]
}

run "a_dmarc_address_that_needs_escaping_in_a_uri_is_rejected" {
  command = plan

  variables {
    dmarc = { rua = "dmarc?subject=report@example.com" }
  }

  expect_failures = [var.dmarc]
}

run "a_domain_whose_mail_from_domain_could_be_longer_than_dns_allows_is_rejected" {
  command = plan

  variables {
    domain = "${join(".", [for part in range(3) : join("", [for letter in range(61) : "a"])])}.info"
  }

  expect_failures = [var.domain]
}

run "a_tracking_subdomain_that_is_no_name_is_rejected" {
  command = plan

  variables {
    tracking_subdomain = "click_here"
  }

  expect_failures = [var.tracking_subdomain]
}

run "a_tracking_target_that_is_no_host_is_rejected" {
  command = plan

  variables {
    tracking_subdomain = "click"
    tracking_target    = "https://cdn.example.com"
  }

  expect_failures = [var.tracking_target]
}

run "tracking_and_mail_from_under_one_name_are_rejected" {
  command = plan

  variables {
    mail_from_subdomain = "mail"
    tracking_subdomain  = "mail"
  }

  expect_failures = [var.tracking_subdomain]
}

run "a_target_without_a_tracking_subdomain_is_rejected" {
  command = plan

  variables {
    tracking_target = "cdn.example.com"
  }

  expect_failures = [var.tracking_target]
}
