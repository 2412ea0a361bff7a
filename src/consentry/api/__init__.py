"""The REST API under `/api/v1`, its OpenAPI document, and the addresses for those who keep Consentry running."""

from consentry.api.face import create_api, is_api_path

__all__ = ["create_api", "is_api_path"]
