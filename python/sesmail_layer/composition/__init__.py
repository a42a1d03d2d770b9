"""The composition roots: which adapter fulfils which port, one function a file."""
