"""Why the check would not start: no credentials, an unverified sender, another engine, a name in use."""

from __future__ import annotations

from botocore.exceptions import ClientError

from localcloud.paths import LocalCloudError
from localcloud.provider import terraform_binary, terraform_init_args
from tools.aws_check.account import Account, RefusedError
from tools.aws_check.deployment import FOLDER, NAME
from tools.aws_check.inventory import inventory, pages

BUS_SUFFIX = "-EmailBus"


def plan_text(account: Account, name: str, sender: str) -> str:
    """Say what a run does, where, and what it costs."""
    return "\n".join(
        (
            f"Account {account.id}, region {account.region}, caller {account.identity['Arn']}",
            f"Name    {name}; sender {sender}",
            "",
            "It would:",
            "  1. create the engine by Terraform: about 80 resources, all named after it, in a state of its own",
            "  2. send about 15 emails to SES's mailbox simulator, which count for no reputation and no daily quota",
            "  3. check statuses, suppression, queue policies, alarms, IAM roles and limits",
            "  4. destroy everything, and list what is left",
            f"  5. write a report without account id and addresses into {FOLDER / name}",
            "",
            "It takes about 15 minutes and costs a few cents: 15 emails, some thousand requests to SQS, Lambda and",
            "DynamoDB, and one month's share of about 30 alarms (CloudWatch counts them by the hour).",
            "Its caller needs the rights of a deployment, and to read what it checks: CONTRIBUTING.md lists them.",
        )
    )


def refuse_no_address(sender: str) -> None:
    """Raise RefusedError for a sender that is missing or no address, before AWS is asked."""
    local, at, domain = sender.rpartition("@")
    if not (local and at and domain):
        raise RefusedError(
            f"SENDER={sender!r} is no address: give one that SES has verified, or one of its domain, such as"
            " SENDER=no-reply@example.com."
        )


def refuse_unless_ready(account: Account, name: str, sender: str) -> None:
    """Raise RefusedError for the first reason not to start; nothing has been made by then."""
    if not NAME.fullmatch(name):
        raise RefusedError(
            f"{name!r} is not a throw-away name: it must be sesmail-check- and eight hexadecimal digits, so that the"
            " check can destroy nothing else."
        )
    if (FOLDER / name).exists():
        raise RefusedError(f"{FOLDER / name} exists: a run of that name was here. Use another name.")
    _refuse_without_terraform()
    _refuse_unverified(account, sender)
    _refuse_other_engine(account)
    if found := sorted(inventory(account, name)):
        raise RefusedError(f"The account already has {len(found)} resources named {name}, such as {found[0]}.")


def _refuse_without_terraform() -> None:
    try:
        terraform_binary()
        terraform_init_args()
    except LocalCloudError as missing:
        raise RefusedError(str(missing)) from None


def _refuse_unverified(account: Account, sender: str) -> None:
    domain = sender.rpartition("@")[2]
    if not any(_is_verified(account, identity) for identity in (sender, domain)):
        raise RefusedError(
            f"SES has verified neither {sender} nor {domain} in {account.region}: verify the domain as docs/setup.md"
            " says, or choose another region or sender. `aws sesv2 get-email-identity --email-identity"
            f" {domain} --query VerifiedForSendingStatus` must say true."
        )


def _is_verified(account: Account, identity: str) -> bool:
    try:
        return bool(account.client("sesv2").get_email_identity(EmailIdentity=identity)["VerifiedForSendingStatus"])
    except ClientError as failed:
        if failed.response["Error"]["Code"] == "NotFoundException":
            return False
        raise RefusedError(f"SES did not say whether the sender is verified: {failed}") from None


def _refuse_other_engine(account: Account) -> None:
    listed = pages(account.client("events"), "list_event_buses")
    buses = [bus["Name"] for page in listed for bus in page["EventBuses"]]
    engines = sorted(bus.removesuffix(BUS_SUFFIX) for bus in buses if bus.endswith(BUS_SUFFIX))
    if not engines:
        return
    if leftover := next((name for name in engines if NAME.fullmatch(name)), None):
        raise RefusedError(
            f"An earlier check left {leftover} in this account and region. Destroy it first, where it ran:"
            f" terraform -chdir=build/aws-check/{leftover}/terraform destroy"
        )
    raise RefusedError(
        f"The engine {engines[0]} is in this account and region. The check would share its send rate and its Lambda"
        " concurrency: use another account, or another region with AWS_REGION."
    )
