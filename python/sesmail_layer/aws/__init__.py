"""One file per thing outside; the only room that sees botocore."""
