"""The command: a verb parses its arguments, calls the façade, prints, and exits."""
