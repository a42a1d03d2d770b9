mock_provider "aws" {}

variables {
  name         = "mail-Layer"
  package_path = "../sesmail/tests/package/layer.zip"
  runtime      = "python3.13"
  architecture = "arm64"
}

run "layer_is_built_for_one_runtime_and_one_processor" {
  command = plan

  assert {
    condition     = aws_lambda_layer_version.this.compatible_runtimes == toset(["python3.13"])
    error_message = "The layer must say which runtime it was built for."
  }

  assert {
    condition     = aws_lambda_layer_version.this.compatible_architectures == toset(["arm64"])
    error_message = "The layer must say which processor it was built for."
  }

  assert {
    condition     = aws_lambda_layer_version.this.source_code_hash == filebase64sha256(var.package_path)
    error_message = "A new package must make a new version."
  }
}

run "a_missing_package_is_named" {
  command = plan

  variables {
    package_path = "nowhere/layer.zip"
  }

  expect_failures = [aws_lambda_layer_version.this]
}
