"""The knowledge base: protocols, libraries and example patients."""
