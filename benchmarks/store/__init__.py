"""What the store costs: jobs a second, and CPU for each of them."""
