"""Results as text: terminal, HTML, JSON, lines, trace notation."""
