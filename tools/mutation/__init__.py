"""Changes the rules and the use cases on purpose, one small change at a time, to see the unit tests go red."""
