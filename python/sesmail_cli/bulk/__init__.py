"""`sesmail send-bulk`: one email for each row of a file."""
