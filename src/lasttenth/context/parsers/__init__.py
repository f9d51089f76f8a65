"""One parser per format; each turns the bytes of a file into a text and its pieces, and knows no other format."""
