"""A stored file, for users who may read what it is attached to."""

import logging
from http import HTTPStatus

from django.http import FileResponse
from django.shortcuts import render
from django.utils.http import quote_etag
from django.utils.translation import gettext as _

from cities.models import StoredFile
from cities.services.files import open_file
from core.exceptions import HashMismatch
from core.http_caching import KEPT_BY_ALL, is_visitor, unchanged
from core.views import ObjectMixin

log = logging.getLogger(__name__)
SHOWN_INLINE = "image/jpeg"  # encoded by ourselves from pixels (cities.services.pictures)


class FileServe(ObjectMixin):
    """Always a download, whatever its type; ``?view=1`` shows pictures, since we have encoded them ourselves."""

    rows = StoredFile.objects.all()
    key = "uuid"

    def get(self, request, uuid):
        stored = self.row
        is_shown = request.GET.get("view") == "1" and stored.content_type == SHOWN_INLINE
        is_public = is_shown and not request.user.is_authenticated and is_visitor(request)
        etag = quote_etag(stored.sha256)
        if is_public and (same := unchanged(request, etag)):
            return same
        try:
            opened = open_file(stored)
        except FileNotFoundError:
            log.error("The bytes of file %s are missing at %s.", stored.pk, stored.path)
            message = _("This file is missing from the server. Tell the coordinator.")
            context = {"stored": stored, "message": message, "is_missing": True}
            return render(request, "cities/file_hash_mismatch.html", context, status=HTTPStatus.CONFLICT)
        except HashMismatch as error:
            context = {"stored": stored, "message": str(error)}
            return render(request, "cities/file_hash_mismatch.html", context, status=HTTPStatus.CONFLICT)
        headers = {
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, no-store",
        }
        if is_public:  # kept, but asked for each time: one that becomes private is not shown again
            headers |= {"Cache-Control": KEPT_BY_ALL, "ETag": etag}
        kind = stored.content_type
        return FileResponse(
            opened, as_attachment=not is_shown, filename=stored.name, content_type=kind, headers=headers
        )
