"""Scripts that write files of the repository; nothing of them is installed."""
