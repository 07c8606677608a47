"""Templates and style sheets from which documents and phrases are made."""
