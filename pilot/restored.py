"""What the operator of a restored copy must know about links to sign the pact."""

from datetime import datetime

from .enums import SIGNABLE, SignatureState
from .models import PactInvitation


def name_open_links(made_at: datetime) -> str:
    """Count the links that sign: they work again, even if they were answered or ended after the backup."""
    open_rows = PactInvitation.objects.open().filter(is_replaced=False, signature__state=SignatureState.INVITED)
    count = open_rows.filter(signature__pact_version__state__in=SIGNABLE).count()
    return f"{count} links to sign a pact are open: close again the signing that was closed later." if count else ""
