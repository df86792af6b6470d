"""Rules of the software, each broken in one way, and the tests that must fail then."""

from typing import NamedTuple

MATRIX = "tests/project/test_access_matrix.py"
LEAKS = "tests/project/test_leaks.py"
WAYS = f"{LEAKS}::test_no_filter_search_or_download_tells_more"
SAME = f"{LEAKS}::test_pages_are_the_same_however_much_another_city_drafts"


class Mutation(NamedTuple):
    """``old`` stands exactly once in ``file``. ``tests`` are the arguments of pytest."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MUTATIONS = [
    # ---- permissions
    Mutation(
        "every official of a city may do what its lead may",
        "cities/rules.py",
        "def is_lead(user, row):\n    return _in(lead_city_ids(user), row)",
        "def is_lead(user, row):\n    return _in(official_city_ids(user), row)",
        f"{MATRIX}::test_get[official]",
    ),
    Mutation(
        "partners may do what coordinators may",
        "cities/rules.py",
        "def is_coordinator(user):\n    return has_network_role(user, Role.COORDINATOR)",
        "def is_coordinator(user):\n    return has_network_role(user, Role.COORDINATOR, Role.PARTNER)",
        f"{MATRIX}::test_post[partner]",
    ),
    Mutation(
        "a membership that has ended still counts",
        "cities/rules.py",
        "person.memberships.current().values_list(",
        "person.memberships.values_list(",
        f"{MATRIX}::test_get[former]",
    ),
    Mutation(
        "who is responsible for one action may log on all of the city",
        "strategies/rules.py",
        "return is_of_own_city and _is_responsible_for(person, action)",
        "return is_of_own_city",
        f"{MATRIX}::test_post[expert]",
    ),
    Mutation(
        "a permission holds for rows that the view rule hides",
        "accounts/models.py",
        "if view != perm and not rules.has_perm(view, self, obj):",
        "if False:",
        "tests/project/test_refusals.py",
    ),
    Mutation(
        "coordinators accept what their own organisation submits",
        "strategies/rules.py",
        'rules.add_perm("strategies.accept_cityperiod", is_coordinator & ~is_own_municipality)',
        'rules.add_perm("strategies.accept_cityperiod", is_coordinator)',
        "tests/project/test_refusals.py",
    ),
    # ---- rows that somebody sees
    Mutation(
        "the network reads strategies that are not adopted",
        "strategies/models/visibility.py",
        'seen |= Q(**{f"{strategy}status": StrategyStatus.ADOPTED})\n    return seen',
        "return Q()\n    return seen",
        f"{MATRIX}::test_get[partner]",
    ),
    Mutation(
        "the network reads withdrawn actions",
        "strategies/models/actions.py",
        'seen |= active & Q(**{f"{strategy}status": StrategyStatus.ADOPTED})',
        'seen |= Q(**{f"{strategy}status": StrategyStatus.ADOPTED})',
        f"{MATRIX}::test_get[partner]",
    ),
    Mutation(
        "the network reads what a city keeps to itself",
        "strategies/models/visibility.py",
        'seen = Q(**{f"{prefix}visibility__in": SHARED_VISIBILITIES, f"{period}state__in": LOCKED})',
        'seen = Q(**{f"{period}state__in": LOCKED})',
        "tests/strategies/test_rules.py",
    ),
    Mutation(
        "members of one city read the persons of another",
        "cities/models/people.py",
        "return self.filter(seen)",
        "return self",
        f"{MATRIX}::test_get[official] {MATRIX}::test_get[viewer] tests/cities",
    ),
    # ---- what is public
    Mutation(
        "the public reads actions that are not published",
        "strategies/models/actions.py",
        'seen = active & Q(**{f"{action}published_at__isnull": False, f"{strategy}published_at__isnull": False})',
        'seen = active & Q(**{f"{strategy}published_at__isnull": False})',
        f"{MATRIX}::test_get[public]",
    ),
    Mutation(
        "the public reads records of narrower visibility",
        "strategies/models/visibility.py",
        'seen = Q(**{f"{prefix}visibility": Visibility.PUBLIC, f"{period}state": PeriodState.PUBLISHED}) & plan()',
        'seen = Q(**{f"{period}state": PeriodState.PUBLISHED}) & plan()',
        "tests/strategies/test_rules.py",
    ),
    Mutation(
        "the public reads events that are not published",
        "cities/models/events.py",
        "return self.filter(Q(published_at__isnull=False) | (kept & drafts))",
        "return self",
        f"{MATRIX}::test_get[public]",
    ),
    # ---- blindness and conflicts of interest
    Mutation(
        "raters read the ratings of others before the discussion",
        "evaluation/models/visibility.py",
        "discussed = Evaluation.objects.filter(stage__in=FROM_DISCUSS)\n    reviewed",
        "discussed = Evaluation.objects.all()\n    reviewed",
        "tests/evaluation/test_blindness.py",
    ),
    Mutation(
        "the city reads the consensus before the review",
        "evaluation/models/ratings.py",
        "seen |= Q(evaluation__stage__in=FROM_REVIEW, evaluation__strategy__city__in=lead_city_ids(user))",
        "seen |= Q(evaluation__strategy__city__in=lead_city_ids(user))",
        "tests/project/test_refusals.py",
    ),
    Mutation(
        "a declared conflict is forgotten",
        "evaluation/models/rounds.py",
        "conflict = Q(Exists(declared)) | Q(Exists(member))",
        "conflict = Q(Exists(member))",
        "tests/evaluation/test_eligibility.py",
    ),
    Mutation(
        "people of the city's own organisation decide on it",
        "evaluation/models/rounds.py",
        "    if organisation is not None:\n",
        "    if False:\n",
        f"{MATRIX}::test_get[scientific_conflicted]",
    ),
    Mutation(
        "duties that were given meanwhile are not noticed",
        "evaluation/rules.py",
        "if held is None or held[0] != _current_version:",
        "if held is None:",
        "tests/evaluation/test_duties.py",
    ),
    # ---- locks
    Mutation(
        "an accepted period may be changed",
        "strategies/enums.py",
        "LOCKED = {PeriodState.SUBMITTED, PeriodState.ACCEPTED, PeriodState.PUBLISHED}",
        "LOCKED = {PeriodState.SUBMITTED, PeriodState.PUBLISHED}",
        "tests/strategies/test_locks.py tests/strategies/test_periods.py",
    ),
    # ---- the admin
    Mutation(
        "the admin shows models of other apps",
        "epi_site/adminsite.py",
        "if is_first_party(model._meta.app_label)]",
        "if True]",
        f"{MATRIX}::test_every_route_has_a_line",
    ),
    Mutation(
        "everybody who is signed in opens the admin",
        "epi_site/adminsite.py",
        'return request.user.is_active and request.user.has_perm("cities.use_admin")',
        "return request.user.is_active",
        f"{MATRIX}::test_get[viewer]",
    ),
    # ---- files and exports
    Mutation(
        "a file that is not attached yet is read by others",
        "cities/models/events.py",
        "(~Q(state__in=hidden) & file_access.readable_q(user))",
        "file_access.readable_q(user) | Q(state=FileState.PENDING)",
        f"{MATRIX}::test_get[viewer]",
    ),
    Mutation(
        "files are served to everybody who knows their address",
        "cities/views/files.py",
        "        stored = self.row\n",
        "        stored = StoredFile.objects.get(uuid=uuid)\n",
        f"{MATRIX}::test_get[other_official]",
    ),
    Mutation(
        "the CSV lists actions that the page does not",
        "strategies/views/actions.py",
        "        return actions_of(self.row, self.user)\n",
        '        if "export" in self.request.GET:\n'
        "            return Action.objects.of_city(self.row.city).for_list_page()\n"
        "        return actions_of(self.row, self.user)\n",
        f"{WAYS}[public]",
    ),
    Mutation(
        "the export of one's own data holds what others were sent",
        "accounts/export.py",
        "Mail.objects.filter(recipient__iexact=user.email)",
        "Mail.objects.all()",
        f"{MATRIX}::test_get[viewer]",
    ),
    # ---- what numbers and choices tell
    Mutation(
        "a choice tells of another city's drafts",
        "strategies/models/indicators.py",
        "    def in_visible_plans(self, user):\n",
        "    def in_visible_plans(self, user):\n        return self.all()\n\n    def _unused(self, user):\n",
        f"{MATRIX}::test_get[public] {SAME}[public]",
    ),
]
