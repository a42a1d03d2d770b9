mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mock" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  admin_email          = "ops@example.com"
  default_sender_email = "no-reply@example.com"
  package_dir          = "tests/package"
}

run "without_a_brand_the_sender_adds_nothing" {
  command = plan

  assert {
    condition     = local.engine_environment.SESMAIL_BRAND == "{}"
    error_message = "Without a brand, a template's required variables must come from the request."
  }
}

run "the_sender_knows_what_the_brand_has" {
  command = plan

  variables {
    brand = {
      brandColor     = "#ffd400"
      companyName    = "Shop & Söhne"
      companyAddress = "12 High Street\nLondon"
      logoDarkUrl    = null
    }
  }

  assert {
    condition = jsondecode(local.engine_environment.SESMAIL_BRAND) == {
      brandColor     = "#ffd400"
      companyName    = "Shop & Söhne"
      companyAddress = "12 High Street\nLondon"
    }
    error_message = "The sender must get each variable that is set, and no other."
  }
}

run "a_colour_by_name_is_rejected" {
  command = plan
  variables {
    brand = { brandColor = "blue" }
  }
  expect_failures = [var.brand]
}

run "a_text_colour_of_five_digits_is_rejected" {
  command = plan
  variables {
    brand = { brandTextColor = "#12345" }
  }
  expect_failures = [var.brand]
}

run "a_logo_without_tls_is_rejected" {
  command = plan
  variables {
    brand = { logoUrl = "http://example.com/logo.png" }
  }
  expect_failures = [var.brand]
}

run "a_dark_logo_with_a_quote_is_rejected" {
  command = plan
  variables {
    brand = { logoDarkUrl = "https://example.com/\"onload" }
  }
  expect_failures = [var.brand]
}

run "a_page_without_a_scheme_is_rejected" {
  command = plan
  variables {
    brand = { companyUrl = "example.com" }
  }
  expect_failures = [var.brand]
}

run "a_support_address_that_is_none_is_rejected" {
  command = plan
  variables {
    brand = { supportEmail = "help" }
  }
  expect_failures = [var.brand]
}

run "a_company_name_of_two_lines_is_rejected" {
  command = plan
  variables {
    brand = { companyName = "Shop\n& Söhne" }
  }
  expect_failures = [var.brand]
}

run "an_empty_address_is_rejected" {
  command = plan
  variables {
    brand = { companyAddress = " " }
  }
  expect_failures = [var.brand]
}

run "a_brand_too_large_for_a_functions_environment_is_rejected" {
  command = plan
  variables {
    brand = { companyAddress = join("", [for _ in range(500) : "ü"]) }
  }
  expect_failures = [var.brand]
}

run "brand_and_allowed_addresses_share_the_functions_environment" {
  command = plan
  variables {
    environment = "dev"
    delivery    = { mode = "allow", allow = [for number in range(40) : "someone-${number}@example.com"] }
    brand       = { companyAddress = join("", [for _ in range(300) : "x"]) }
  }
  expect_failures = [var.brand]
}
