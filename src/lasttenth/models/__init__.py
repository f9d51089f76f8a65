"""Models and what they cost: providers, embeddings, prices, the extractive model and the scripted model."""
