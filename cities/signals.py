"""Signals for higher apps."""

from django.dispatch import Signal

# A member hands a role over. Receivers move what they keep in the person's name, in the same transaction.
# sender: Membership; membership: the one that ended; person: who leaves it; to: the Person who takes it over;
# body: its body (body.city_id is None in bodies of the network); by: the user who did it, or None for a command.
membership_handed_over = Signal()

# A membership was added or ended, or its days changed. Receivers update what they derive from it, in the same
# transaction, in which the person's row is locked. sender: Membership; membership: the row as it is stored now.
membership_changed = Signal()

# An empty network was created. Receivers add what a new one needs, in the same transaction.
# sender: Installation; installation: its one row.
network_created = Signal()
