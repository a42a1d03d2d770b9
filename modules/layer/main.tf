# ---------------------------------------------------------------------------------------------------------------------
# The engine's code and its pinned third-party packages, as `make package` built them.
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_lambda_layer_version" "this" {
  layer_name               = var.name
  description              = "SESMail engine and its dependencies"
  filename                 = var.package_path
  source_code_hash         = fileexists(var.package_path) ? filebase64sha256(var.package_path) : null
  compatible_runtimes      = [var.runtime]
  compatible_architectures = [var.architecture]

  lifecycle {
    precondition {
      condition     = fileexists(var.package_path)
      error_message = "${var.package_path} is missing. Run `make package`, or set package_dir to the folder that contains the packages."
    }
  }
}
