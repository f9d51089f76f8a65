"""What happened: recorded behind the answer, kept, and found again."""
