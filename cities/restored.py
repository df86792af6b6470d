"""What the operator of a restored copy must know of invitations."""

from datetime import datetime

from core import clock

from .models import Invitation


def name_open_invitations(made_at: datetime) -> str:
    """Their links work as they did at the time of the backup, also where they were accepted or withdrawn since."""
    count = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now()).count()
    return f"{count} invitations are open: withdraw again those that were withdrawn after the backup." if count else ""
