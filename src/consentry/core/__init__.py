"""What the whole house stands on and what knows nothing of our trade: clock, randomness, secrets, log."""
