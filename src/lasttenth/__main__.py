"""`python -m lasttenth` is the command line."""

from lasttenth.cli.main import main

main()
