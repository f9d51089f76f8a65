"""The one object that ties the verbs together, and the operations that every door offers."""
