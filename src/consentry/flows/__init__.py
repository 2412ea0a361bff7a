"""Sources, their runs, and the datasets that they keep up to date."""
