"""`python -m rjdm_rules` is the command `rjdm`."""

from .cli import main

main()
