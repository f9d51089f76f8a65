"""Routes: one name for several deployments of models, and what happens where one of them fails."""
