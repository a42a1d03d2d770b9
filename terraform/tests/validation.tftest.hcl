variables {
  admin_email          = "ops@example.com"
  default_sender_email = "no-reply@example.com"
}

run "the_root_validates_its_own_variable" {
  command = plan

  variables {
    aws_region = "Ireland"
  }

  expect_failures = [var.aws_region]
}
