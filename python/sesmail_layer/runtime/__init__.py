"""The surroundings of a use case in Lambda: settings, logs, metrics, batches."""
