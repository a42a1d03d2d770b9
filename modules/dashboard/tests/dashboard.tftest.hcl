mock_provider "aws" {}

variables {
  name                    = "mail"
  dashboard_name          = "mail"
  account                 = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  event_bus_name          = "mail-EmailBus"
  rule_names              = ["mail-EmailEventRule", "mail-BulkEventRule"]
  queue_names             = { Email = "mail-EmailQueue" }
  dead_letter_queue_names = { EmailQueueDLQ = "mail-EmailQueueDLQ" }
  function_names          = ["mail-EmailSender"]
}

run "widgets_fill_rows_and_read_the_engines_metrics" {
  command = plan

  assert {
    condition     = aws_cloudwatch_dashboard.this.dashboard_name == "mail" && output.url == "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/mail"
    error_message = "The URL must lead to the dashboard."
  }

  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x},${widget.y}"])) == 12
    error_message = "Twelve widgets, none on top of another."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : length(widget.properties.metrics) > 0 && widget.properties.region == "eu-west-1"])
    error_message = "Every widget must show metrics of this region."
  }
}

run "the_console_of_china_has_its_own_address" {
  command = plan

  variables {
    account = { partition = "aws-cn", region = "cn-north-1", id = "123456789012" }
  }

  assert {
    condition     = startswith(output.url, "https://cn-north-1.console.amazonaws.cn/")
    error_message = "China has a console of its own."
  }
}
