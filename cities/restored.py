"""What the operator of a restored copy must know about invitations."""

from datetime import datetime

from core import clock

from .models import Invitation


def name_open_invitations(made_at: datetime) -> str:
    """Count the open invitations: their links work again, even if they were accepted or withdrawn after the backup."""
    count = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now()).count()
    return f"{count} invitations are open: withdraw again those that were withdrawn after the backup." if count else ""
