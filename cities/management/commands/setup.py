"""manage.py setup: create an empty network with its first coordinator."""

import getpass
import os
import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.tokens import new_password_link
from cities.enums import BodyKind, Role
from cities.services import setup
from core.exceptions import UserFacingError

PASSWORD_VARIABLE = "EPI_SETUP_PASSWORD"  # noqa: S105 - the name of a variable


class Command(BaseCommand):
    help = (
        "Create an empty network with its first coordinator. Asks for missing values. The password comes from "
        f"--password-stdin or {PASSWORD_VARIABLE}; with --link a one-time link is printed instead. "
        "With --chair, name the first chair of the scientific committee, whose members coordinators cannot invite."
    )

    def add_arguments(self, parser):
        parser.add_argument("--network", help="Name of the network.")
        parser.add_argument("--email", help="Email address of the coordinator (or of the chair, with --chair).")
        parser.add_argument("--name", help="Name of that person.")
        parser.add_argument("--language", default="en", help="Working language of the network (default: en).")
        parser.add_argument("--password-stdin", action="store_true", help="Read the password from standard input.")
        parser.add_argument("--link", action="store_true", help="Print a one-time link to choose a password.")
        parser.add_argument("--chair", action="store_true", help="Add the first chair to an existing network.")

    def handle(self, **options):
        if not options["chair"] and setup.network_exists():
            raise CommandError(str(setup.NetworkExists()))
        email = self.given(options["email"], "E-mail address: ", email_problem)
        name = self.given(options["name"], "Name: ")
        password = None if options["link"] else self.password(options["password_stdin"])
        try:
            user = self.make(options, email, name, password)
        except UserFacingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{name} <{user.email}> is ready."))
        if not user.has_usable_password():
            self.stdout.write(f"One-time link to choose a password:\n{new_password_link(user)}")

    def make(self, options, email, name, password):
        if options["chair"]:
            if not setup.network_exists():
                raise CommandError("There is no network yet. Run setup without --chair first.")
            return setup.add_first_member(email, name, password, BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)
        network = self.given(options["network"], "Name of the network: ")
        made = setup.create_network_with_coordinator(
            network=network, email=email, name=name, password=password, language=options["language"]
        )
        return made.coordinator

    def given(self, value, question, problem_of=lambda value: ""):
        """Return the option or the answer. A person at a terminal is asked again until the answer is valid."""
        while True:
            value = (value or (input(question) if sys.stdin.isatty() else "")).strip()
            problem = problem_of(value) if value else "Some values are missing. See manage.py setup --help."
            if not problem:
                return value
            self.refuse(problem)
            value = ""

    def refuse(self, problem):
        """Say what is wrong. Without a terminal nobody can answer, so the command ends."""
        if not sys.stdin.isatty():
            raise CommandError(problem)
        self.stderr.write(problem)

    def password(self, from_stdin):
        if from_stdin:
            password = sys.stdin.readline().rstrip("\n")
        elif os.environ.get(PASSWORD_VARIABLE):
            password = os.environ[PASSWORD_VARIABLE]
        elif sys.stdin.isatty():
            return self.typed_password()
        else:
            raise CommandError(f"Give the password with --password-stdin or {PASSWORD_VARIABLE}, or use --link.")
        if problem := password_problem(password):
            raise CommandError(problem)
        return password

    def typed_password(self):
        while True:
            password = getpass.getpass("Password (at least 12 characters): ")
            problem = password_problem(password)
            if not problem:
                return password
            self.refuse(problem)


def email_problem(email):
    """Return what is wrong with the address, or ""."""
    try:
        validate_email(email)
    except ValidationError:
        return f"{email} is not an e-mail address."
    return ""


def password_problem(password):
    try:
        validate_password(password)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""
