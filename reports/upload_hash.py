"""Upload handler that hashes a file while it streams in and stores nothing of it."""

import hashlib

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

TOO_LARGE = ""


class HashedUpload(UploadedFile):
    """Name, size and SHA-256 of an upload; ``sha256`` is "" if it is larger than ``UPLOAD_MAX_BYTES``."""

    def __init__(self, sha256: str, **kwargs):
        super().__init__(**kwargs)
        self.sha256 = sha256


class HashingUploadHandler(FileUploadHandler):
    """Replaces the upload handlers that store files."""

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.digest, self.received = hashlib.sha256(), 0

    def receive_data_chunk(self, raw_data, start):
        self.received += len(raw_data)
        if self.received <= settings.UPLOAD_MAX_BYTES:
            self.digest.update(raw_data)

    def file_complete(self, file_size):
        is_small = self.received <= settings.UPLOAD_MAX_BYTES
        sha256 = self.digest.hexdigest() if is_small else TOO_LARGE
        return HashedUpload(sha256, name=self.file_name, content_type=self.content_type, size=file_size)
