"""What Gemini generates, read and written."""
