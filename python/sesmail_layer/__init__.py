"""The core of SESMail, shared by its Lambda functions as a layer."""
