"""What SESMail's local pages share: a server for this machine only, and one design."""
