"""What Lasttenth weighs: installed size, start, first answer, memory."""
