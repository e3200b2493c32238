"""What lets others see how a server is: figures, its health, lines of the log as JSON."""
