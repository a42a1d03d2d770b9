mock_provider "aws" {}

variables {
  name    = "mail-EmailQueue"
  account = { partition = "aws", region = "eu-west-1", id = "123456789012" }
}

run "a_queue_has_its_own_dead_letter_queue_and_named_writers" {
  command = plan

  variables {
    dead_letter_name           = "mail-EmailQueueDLQ"
    max_receive_count          = 5
    visibility_timeout_seconds = 600
    writers                    = [{ sid = "Requests", service = "events.amazonaws.com", source_arns = ["arn:aws:events:eu-west-1:123456789012:rule/bus/rule"] }]
    dead_letter_writers        = [{ sid = "Undeliverable", service = "sns.amazonaws.com", source_arns = ["arn:aws:sns:eu-west-1:123456789012:topic"] }]
  }

  assert {
    condition = jsondecode(aws_sqs_queue.this.redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:mail-EmailQueueDLQ"
      maxReceiveCount     = 5
    }
    error_message = "After five deliveries a message must move to the queue's own dead-letter queue."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.dead_letter[0].redrive_allow_policy) == {
      redrivePermission = "byQueue"
      sourceQueueArns   = ["arn:aws:sqs:eu-west-1:123456789012:mail-EmailQueue"]
    }
    error_message = "The dead-letter queue must accept messages from its own queue only."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_allow_policy) == { redrivePermission = "denyAll" }
    error_message = "No other queue may use this one as its dead-letter queue."
  }

  assert {
    condition = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dead_letter[0]] :
      queue.message_retention_seconds == 1209600 && queue.receive_wait_time_seconds == 20 && queue.sqs_managed_sse_enabled
    ])
    error_message = "Both queues must keep messages for 14 days, poll for 20 s and be encrypted."
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 600
    error_message = "The visibility timeout must be the one asked for."
  }

  assert {
    condition     = output.dead_letter_arn == "arn:aws:sqs:eu-west-1:123456789012:mail-EmailQueueDLQ" && output.arn == "arn:aws:sqs:eu-west-1:123456789012:mail-EmailQueue"
    error_message = "The outputs must carry the ARNs that SQS will give the queues."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.this.policy).Statement == [{
      Sid       = "Requests"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:mail-EmailQueue"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = ["arn:aws:events:eu-west-1:123456789012:rule/bus/rule"] }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }]
    error_message = "The queue's policy must allow only the one rule of this account."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.dead_letter[0].policy).Statement[0].Condition.ArnEquals == {
      "aws:SourceArn" = ["arn:aws:sns:eu-west-1:123456789012:topic"]
    }
    error_message = "The dead-letter queue's policy must allow only the one topic."
  }
}

run "a_queue_may_have_no_dead_letter_queue" {
  command = plan

  assert {
    condition     = length(aws_sqs_queue.dead_letter) == 0 && output.dead_letter_arn == null && output.dead_letter_name == null
    error_message = "Without dead_letter_name there is one queue, and no dead-letter queue in the outputs."
  }
}
