mock_provider "aws" {}

variables {
  name                    = "mail"
  account                 = { partition = "aws", region = "eu-west-1", id = "123456789012" }
  event_bus_name          = "mail-EmailBus"
  rule_names              = ["mail-EmailEventRule", "mail-BulkEventRule"]
  queue_names             = { Email = "mail-EmailQueue" }
  dead_letter_queue_names = { EmailQueueDLQ = "mail-EmailQueueDLQ" }
  function_names          = ["mail-EmailSender"]
}

run "bad_values_are_refused" {
  command = plan

  variables {
    name    = "Mail"
    account = { partition = "aws", region = "eu-west-1", id = "1234" }
  }

  expect_failures = [var.name, var.account]
}
