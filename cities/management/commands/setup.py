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
        "Make an empty network with its first coordinator. Asks for what is not given. The password comes from "
        f"--password-stdin or {PASSWORD_VARIABLE}; with --link a one-time link is printed instead. "
        "With --chair, name the first chair of the scientific committee, whose seats coordinators do not give."
    )

    def add_arguments(self, parser):
        parser.add_argument("--network", help="Name of the network.")
        parser.add_argument("--email", help="E-mail address of the coordinator (or of the chair, with --chair).")
        parser.add_argument("--name", help="Name of that person.")
        parser.add_argument("--language", default="en", help="Working language of the network (default: en).")
        parser.add_argument("--password-stdin", action="store_true", help="Read the password from standard input.")
        parser.add_argument("--link", action="store_true", help="Print a one-time link to choose a password.")
        parser.add_argument("--chair", action="store_true", help="Add the first chair to a network that stands.")

    def handle(self, **options):
        if not options["chair"] and setup.network_exists():
            raise CommandError(str(setup.NetworkExists()))
        email = self.given(options["email"], "E-mail address: ")
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address.") from error
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

    def given(self, value, question):
        value = (value or (input(question) if sys.stdin.isatty() else "")).strip()
        if not value:
            raise CommandError("Not everything was said. See manage.py setup --help.")
        return value

    def password(self, from_stdin):
        if from_stdin:
            password = sys.stdin.readline().rstrip("\n")
        elif os.environ.get(PASSWORD_VARIABLE):
            password = os.environ[PASSWORD_VARIABLE]
        elif sys.stdin.isatty():
            password = getpass.getpass("Password (at least 12 characters): ")
        else:
            raise CommandError(f"Give the password by --password-stdin or {PASSWORD_VARIABLE}, or ask for a --link.")
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return password
