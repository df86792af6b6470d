"""What apps above are told."""

from django.dispatch import Signal

# A member hands a role over to a colleague; whoever keeps things in a person's name moves them in the same transaction.
# sender: Membership; membership: the one that ended; person: who leaves it; to: the Person who takes it over;
# body: its body (body.city_id is None in bodies of the network); by: the user who did it, or None for a command.
handed_over = Signal()

# An empty network has been made; apps above bring what a new one cannot do without, in the same transaction.
# sender: Installation; installation: its one row.
network_made = Signal()
