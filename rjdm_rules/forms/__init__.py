"""Screening forms: pages in which the rules themselves run, on no other machine than the reader's."""
