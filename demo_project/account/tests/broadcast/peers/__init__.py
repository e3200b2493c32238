"""The servers that the board is compared with, each as its own documentation writes it."""
