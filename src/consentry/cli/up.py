def up() -> None:
    """X."""
