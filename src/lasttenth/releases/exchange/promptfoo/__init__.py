"""promptfoo: its configurations, its prompts in their many forms, and its templates in Nunjucks, read and written."""
