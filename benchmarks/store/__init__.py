"""What the store costs: spans in and out, queries over them, vectors, jobs, and the same load put to other products."""
