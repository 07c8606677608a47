"""Many patients at once: the rule graph as expressions over columns."""
