"""Memberships of a user, for tests of memberships and their pages."""


def membership_of(user, role=None):
    rows = user.person.memberships.all()
    return rows.get(role=role) if role else rows.get()
