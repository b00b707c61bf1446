"""Invite somebody: create the user, send the mail, print the link."""

import json
import smtplib
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts import invitations
from accounts.models import Role, Scope, normalised_email

BAD_INPUT, NOTHING_TO_DO = 2, 1
OVERSEERS = {Role.COORDINATOR, Role.OBSERVER}


class Command(BaseCommand):
    help = "Invite a user by a signed link to choose a password. Inviting again renews the link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", required=True, help=" | ".join(Role.values))
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--all", action="store_true", help="coordinator, observer: every course")
        parser.add_argument("--site", help="coordinator, observer: the courses of this site")
        parser.add_argument(
            "--category",
            type=int,
            action="append",
            default=[],
            metavar="ID",
            help="only this category of the site, by its Moodle id; repeatable",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        email = _email(options["email"])
        role = _role(options["role"])
        overseen = _overseen(role, everything=options["all"], site=options["site"], categories=options["category"])
        try:
            user, created = invitations.invite(
                email,
                role,
                overseen=overseen,
                first_name=options["first_name"],
                last_name=options["last_name"],
            )
        except invitations.AlreadyActive:
            raise CommandError(
                f"{email} already has an account and a password: they can log in, or reset the password.",
                returncode=NOTHING_TO_DO,
            ) from None
        except invitations.Deactivated:
            raise CommandError(f"{email} was deactivated. Nothing was changed.", returncode=NOTHING_TO_DO) from None
        link = invitations.link(user)
        failure = ""
        try:
            invitations.send(user, link)
        except (OSError, smtplib.SMTPException) as exc:
            failure = f"The mail could not be sent ({type(exc).__name__}): give the link yourself."
        if options["json"]:
            facts = {"email": email, "role": role.value, "created": created, "mailed": not failure}
            self.stdout.write(json.dumps(facts | {"link": link}))
        else:
            again = "" if created else " again"
            self.stdout.write(f"{email} is invited{again} as {role.value}.\n{link}")
        if failure:
            raise CommandError(failure, returncode=NOTHING_TO_DO)


def _email(value: str) -> str:
    email = normalised_email(value)
    try:
        validate_email(email)
    except ValidationError:
        raise _bad(f"“{value}” is not an e-mail address.") from None
    return email


def _role(value: str) -> Role:
    if value not in Role.values:
        raise _bad(f"Unknown role “{value}”: choose {', '.join(Role.values)}.")
    return Role(value)


def _overseen(role: Role, *, everything: bool, site: str | None, categories: list[int]) -> invitations.Overseen:
    if role not in OVERSEERS:
        if everything or site or categories:
            raise _bad(f"--all, --site and --category are for coordinators and observers, not {role.value}s.")
        return invitations.Overseen()
    if everything == bool(site):
        raise _bad(f"Say what the {role.value} sees: either --all, or --site NAME [--category ID].")
    if categories and not site:
        raise _bad("--category needs --site NAME: category ids belong to one site.")
    if any(category <= 0 for category in categories):
        raise _bad("A category id is a positive number.")
    return invitations.Overseen(everything, _site_id(site) if site else None, categories)


def _site_id(name: str) -> int:
    sites: dict[str, int] = dict(Scope.site.field.related_model._default_manager.values_list("name", "pk"))
    if name not in sites:
        known = ", ".join(sorted(sites)) or "none yet (see add_site)"
        raise _bad(f"Unknown site “{name}”. Known sites: {known}.")
    return sites[name]


def _bad(message: str) -> CommandError:
    return CommandError(f"{message} Nothing was changed.", returncode=BAD_INPUT)
