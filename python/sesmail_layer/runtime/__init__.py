"""What a Lambda invocation needs around the use cases: settings, logging, metrics, batches."""
