"""`python -m lasttenth` is `lasttenth`."""

from lasttenth.cli.main import main

main()
