"""`sesmail mcp`: tools with which an AI agent sends email as one producer."""
