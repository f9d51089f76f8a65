"""The pure data of Lasttenth: nouns, errors, money, ids and the two ports that invert the layers. No input or output."""
