"""The operators' console: a local web page with the operator's own AWS rights."""
