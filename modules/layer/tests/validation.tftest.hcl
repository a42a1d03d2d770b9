mock_provider "aws" {}

variables {
  name         = "mail-Layer"
  package_path = "../sesmail/tests/package/layer.zip"
}

run "bad_values_are_refused" {
  command = plan

  variables {
    name         = "with.dot"
    package_path = "layer.tar"
    runtime      = "nodejs22.x"
    architecture = "riscv"
  }

  expect_failures = [var.name, var.package_path, var.runtime, var.architecture]
}
