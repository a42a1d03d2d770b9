"""The inbox: a page on this machine that shows all mail of the local cloud as it arrives."""
