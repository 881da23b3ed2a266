"""The embedded OCR engine: Chinese vehicle and driving licenses read from photos, offline."""

from license_engine.engine import Engine, Reading
from license_engine.picture import NotAPicture

__all__ = ["Engine", "NotAPicture", "Reading"]
