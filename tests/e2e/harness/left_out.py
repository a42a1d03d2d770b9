"""Test files that a backend cannot run, with the reason; a file that is not named here runs everywhere."""

from __future__ import annotations

LEFT_OUT: dict[str, dict[str, str]] = {
    "ministack": {},
    "localstack": {
        "test_adoption.py": "deploys an engine of its own; LocalStack runs once, for the tests' engine",
        "test_launcher.py": "tests the embedded emulator itself",
        "test_launcher_account.py": "tests the embedded emulator itself",
        "test_launcher_identities.py": "tests the embedded emulator itself",
        "test_aws_check.py": "starts the embedded emulator, as an account of its own",
        "test_aws_check_refusals.py": "starts the embedded emulator, as an account of its own",
        "test_doctor.py": "LocalStack's community edition has no SES v2",
        "test_delivery_modes.py": "needs the mailbox simulator",
        "test_domain.py": "LocalStack's community edition has no SES v2",
        "test_mixed_run.py": "needs the mailbox simulator; event source mappings take one batch a second",
        "test_simulator.py": "needs the mailbox simulator",
        "test_breaker.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_ses_faults.py": "LocalStack's SES cannot be made to fail",
        "test_clients.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_chaos.py": "kills the embedded emulator's function processes",
        "test_permissions.py": "LocalStack's community edition does not enforce IAM",
        "test_foreign_rows.py": "needs the mailbox simulator",
        "test_docs.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_producers.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_starters.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_whole_request.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_release.py": "deploys an engine with SES v2; LocalStack runs once, for the tests' engine",
        "test_readme_commands.py": "deploys engines of its own; LocalStack runs once, for the tests' engine",
        "test_webhook.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_rehearse.py": "needs the mailbox simulator",
        "test_sizes.py": "tests the embedded emulator itself; needs the mailbox simulator and an SES that fails",
        "test_retained_data.py": "deploys an engine of its own; LocalStack runs once, for the tests' engine",
        "test_cross_account.py": "LocalStack's community edition has one account",
        "test_deployer_policy.py": "LocalStack's community edition does not enforce IAM",
        "test_templates_page.py": "has nothing to do with the backend",
    },
}
