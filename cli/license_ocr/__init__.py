"""The `license-ocr` command."""
