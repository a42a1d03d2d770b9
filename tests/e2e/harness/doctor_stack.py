"""The deployed engine as its owner has it after setup.md: a verified domain with all its records, a customer key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from localcloud.clients import client
from localcloud.emulator import REGION
from localcloud.engine import SENDER_DOMAIN
from tests.e2e.harness.dns_server import DnsServer, Table
from tests.e2e.harness.engine import EngineUnderTest

MAIL_FROM = f"mail.{SENDER_DOMAIN}"
MX = f"10 feedback-smtp.{REGION}.amazonses.com"
SPF = "v=spf1 include:amazonses.com ~all"
DMARC = f"v=DMARC1; p=none; rua=mailto:dmarc@{SENDER_DOMAIN}"
ZONE = "dkim.amazonses.com"
Undo = Callable[[], object]


class Stack:
    """The engine, its emulator's AWS, the DNS that receivers ask (`dns`) and the one that SES asks (Route 53)."""

    def __init__(self, engine: EngineUnderTest) -> None:
        self.engine = engine
        self.dns = DnsServer()
        self.aws: Mapping[str, Any] = {
            name: client(engine.emulator, name)
            for name in ("sesv2", "route53", "sns", "sqs", "lambda", "events", "kms", "iam", "cloudwatch", "s3")
        }

    def name(self, part: str) -> str:
        return f"{self.engine.name}-{part}"

    def arn(self, service: str, part: str) -> str:
        return f"arn:aws:{service}:{REGION}:000000000000:{self.name(part)}"

    # --- set up and take down ---------------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Verify the domain as modules/domain does, and encrypt the topics with a key whose policy lets SES in."""
        self.aws["sesv2"].create_email_identity(EmailIdentity=SENDER_DOMAIN)
        self.set_mail_from(MAIL_FROM)
        found = self.aws["sesv2"].get_email_identity(EmailIdentity=SENDER_DOMAIN)
        self.tokens: list[str] = found["DkimAttributes"]["Tokens"]
        self.dns.records = self.records()
        self._create_zone()
        self.key = self.aws["kms"].create_key(Policy=json.dumps(self.key_policy()))["KeyMetadata"]["KeyId"]
        for topic in ("SESFeedback", "Alarms"):
            self.set_topic_attribute(topic, "KmsMasterKeyId", self.key)

    def take_down(self) -> None:
        """Leave the engine as it was."""
        for topic in ("SESFeedback", "Alarms"):
            self.set_topic_attribute(topic, "KmsMasterKeyId", "")
        self.aws["sesv2"].delete_email_identity(EmailIdentity=SENDER_DOMAIN)
        for record in self._zone_records():
            self._change_zone("DELETE", record)
        self.aws["route53"].delete_hosted_zone(Id=self.zone)
        self.aws["kms"].schedule_key_deletion(KeyId=self.key, PendingWindowInDays=7)
        self.dns.stop()

    def records(self) -> Table:
        """The six records of modules/domain."""
        dkim = {(f"{token}._domainkey.{SENDER_DOMAIN}", "CNAME"): [f"{token}.{ZONE}"] for token in self.tokens}
        return dkim | {
            (MAIL_FROM, "MX"): [MX],
            (MAIL_FROM, "TXT"): [SPF],
            (f"_dmarc.{SENDER_DOMAIN}", "TXT"): [DMARC],
        }

    def key_policy(self) -> dict[str, Any]:
        """The key policy of companies.md."""
        statements = [
            {
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}},
            }
            for service in ("ses", "cloudwatch")
        ]
        owner = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*"}
        return {"Version": "2012-10-17", "Statement": [{**owner, "Resource": "*"}, *statements]}

    def _create_zone(self) -> None:
        created = self.aws["route53"].create_hosted_zone(Name=SENDER_DOMAIN, CallerReference="doctor")
        self.zone = created["HostedZone"]["Id"]
        for record in self._zone_records():
            self._change_zone("CREATE", record)

    def _zone_records(self) -> list[dict[str, Any]]:
        """What SES looks for."""
        return [
            {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}
            for (name, kind), values in self.records().items()
            if kind in ("CNAME", "MX")
        ]

    def _change_zone(self, action: str, record: Mapping[str, Any]) -> None:
        changes = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        self.aws["route53"].change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=changes)

    @contextmanager
    def user_without(self, *rights: str) -> Iterator[dict[str, str]]:
        """Make a user with all rights but these; yield the variables with its credentials."""
        iam, user = self.aws["iam"], {"UserName": "doctor"}
        statements = [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": list(rights), "Resource": "*"},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.create_user(**user)
        iam.put_user_policy(**user, PolicyName="doctor", PolicyDocument=policy)
        key = iam.create_access_key(**user)["AccessKey"]
        yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        iam.delete_access_key(**user, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(**user, PolicyName="doctor")
        iam.delete_user(**user)
        self.engine.emulator.request("DELETE", "_sesmail/denials")

    # --- changes ----------------------------------------------------------------------------------------------------

    def set_record(self, name: str, kind: str, values: list[str]) -> Undo:
        """Change what receivers find in DNS; no values: no record."""
        before = dict(self.dns.records)
        changed = dict(before)
        changed.pop((name, kind), None)
        self.dns.records = changed | ({(name, kind): values} if values else {})
        return lambda: setattr(self.dns, "records", before)

    def hide_from_ses(self, kind: str) -> Undo:
        """Take the first record of a type out of the zone that SES looks into."""
        record = next(each for each in self._zone_records() if each["Type"] == kind)
        self._change_zone("DELETE", record)
        return lambda: self._change_zone("CREATE", record)

    def set_mail_from(self, domain: str) -> Undo:
        given = {"MailFromDomain": domain} if domain else {}
        self.aws["sesv2"].put_email_identity_mail_from_attributes(EmailIdentity=SENDER_DOMAIN, **given)
        return lambda: self.set_mail_from(MAIL_FROM)

    def set_topic_attribute(self, topic: str, name: str, value: str) -> Undo:
        sns, arn = self.aws["sns"], self.arn("sns", topic)
        before = sns.get_topic_attributes(TopicArn=arn)["Attributes"].get(name, "")
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
        return lambda: sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=before)

    def set_queue_policy(self, queue: str, policy: str) -> Undo:
        sqs, url = self.aws["sqs"], self.engine.queue_url(queue)
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": before})

    def set_variable(self, name: str, value: str) -> Undo:
        found = self.engine.functions.get_function_configuration(FunctionName=self.name("EmailSender"))
        before = found["Environment"]["Variables"].get(name, "")

        def change(to: str) -> None:
            self.engine.change_environment("EmailSender", **{name: to})
            self.wait_for_update("EmailSender")

        change(value)
        return lambda: change(before)

    def wait_for_update(self, function: str) -> None:
        given = {"Delay": 1, "MaxAttempts": 60}
        for state in ("function_active_v2", "function_updated_v2"):
            self.aws["lambda"].get_waiter(state).wait(FunctionName=self.name(function), WaiterConfig=given)

    def set_account(self, **settings: object) -> Undo:
        before = self.engine.emulator.request("GET", "_sesmail/settings")["account"]
        self.engine.configure_ses(account=settings)
        return lambda: self.engine.configure_ses(account={name: before[name] for name in settings})

    def put_policy(self, source: str, senders: list[str]) -> Undo:
        """Write a producer's policy as Terraform does."""
        item: Any = {
            "pk": {"S": f"producer#{source}"},
            "enabled": {"BOOL": True},
            "senders": {"L": [{"S": sender} for sender in senders]},
        }
        self.engine.dynamodb.put_item(TableName=self.name("Control"), Item=item)
        return lambda: self.delete_policy(source)

    def delete_policy(self, source: str) -> None:
        key: Any = {"pk": {"S": f"producer#{source}"}}
        self.engine.dynamodb.delete_item(TableName=self.name("Control"), Key=key)

    def put_object(self, key: str, content: str) -> Undo:
        """Write an object of the template bucket; the undo brings back what was there."""
        s3, bucket = self.aws["s3"], self.engine.outputs["template_bucket_name"]
        undo = self.restore_object(key)
        s3.put_object(Bucket=bucket, Key=key, Body=content.encode())
        return undo

    def delete_object(self, key: str) -> Undo:
        undo = self.restore_object(key)
        self.aws["s3"].delete_object(Bucket=self.engine.outputs["template_bucket_name"], Key=key)
        return undo

    def restore_object(self, key: str) -> Undo:
        s3, bucket = self.aws["s3"], self.engine.outputs["template_bucket_name"]
        try:
            before = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return lambda: s3.delete_object(Bucket=bucket, Key=key)
        return lambda: s3.put_object(Bucket=bucket, Key=key, Body=before)
