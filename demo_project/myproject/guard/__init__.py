"""What keeps a server on its feet: limits below the application, and at its door."""
