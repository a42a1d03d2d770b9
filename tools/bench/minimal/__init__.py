"""The least that could do the engine's work: a function that makes its AWS calls, with payloads that are fixed."""
