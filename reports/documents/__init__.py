"""``document`` turns facts into translated text blocks; ``render`` turns a snapshot into files. No database queries."""
