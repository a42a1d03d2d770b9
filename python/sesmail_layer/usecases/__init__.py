"""What the engine does, one use case a file, each handed its ports."""
