"""A stored file, for users who may read what it is attached to."""

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, render
from django.views import View

from cities.models import StoredFile
from cities.services.files import open_file
from core.exceptions import HashMismatch
from core.views import LoginInsteadOf404Mixin

SHOWN_INLINE = "image/jpeg"  # encoded by ourselves from pixels (cities.services.pictures)


class FileServe(LoginInsteadOf404Mixin, View):
    """Always a download, whatever its type; ``?view=1`` shows pictures, since we have encoded them ourselves."""

    def get(self, request, uuid):
        stored = get_object_or_404(StoredFile.objects.visible_to(request.user), uuid=uuid)
        is_shown = request.GET.get("view") == "1" and stored.content_type == SHOWN_INLINE
        try:
            opened = open_file(stored)
        except FileNotFoundError as error:
            raise Http404 from error
        except HashMismatch as error:
            return render(
                request, "cities/file_hash_mismatch.html", {"stored": stored, "message": str(error)}, status=409
            )
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
