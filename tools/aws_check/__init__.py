"""`make aws-check`: deploy the engine to an account under a throw-away name, check it, destroy it, report."""
