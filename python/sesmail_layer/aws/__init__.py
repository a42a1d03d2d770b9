"""Adapters, one file per external thing; the only package that imports botocore."""
