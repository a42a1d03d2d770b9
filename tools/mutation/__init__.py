"""Mutation testing: change the rules and use cases in one place at a time; the unit tests have to fail."""
