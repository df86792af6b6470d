"""A stored file, for users who may read what it is attached to."""

import logging
from http import HTTPStatus

from django.http import FileResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views import View

from cities.models import StoredFile
from cities.services.files import open_file
from core.exceptions import HashMismatch
from core.views import LoginInsteadOf404Mixin

log = logging.getLogger(__name__)
SHOWN_INLINE = "image/jpeg"  # encoded by ourselves from pixels (cities.services.pictures)


class FileServe(LoginInsteadOf404Mixin, View):
    """Always a download, whatever its type; ``?view=1`` shows pictures, since we have encoded them ourselves."""

    def get(self, request, uuid):
        stored = get_object_or_404(StoredFile.objects.visible_to(request.user), uuid=uuid)
        is_shown = request.GET.get("view") == "1" and stored.content_type == SHOWN_INLINE
        try:
            opened = open_file(stored)
        except FileNotFoundError:
            log.error("The bytes of file %s are missing at %s.", stored.pk, stored.path)
            message = _("This file is missing on the server. Tell the coordinator.")
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
        kind = stored.content_type
        return FileResponse(
            opened, as_attachment=not is_shown, filename=stored.name, content_type=kind, headers=headers
        )
