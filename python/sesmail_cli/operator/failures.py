"""AWS's errors as one sentence that says what to do, and the exit codes for them."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

USAGE = 2
AWS_FAILED = 3

_NOT_FOUND = {
    "ParameterNotFound",
    "ResourceNotFoundException",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
_BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "Throttling", "ThrottlingException"}


def exit_code_of(err: BotoCoreError | ClientError) -> int:
    """Return USAGE for a wrong name or profile, else AWS_FAILED."""
    return USAGE if isinstance(err, ProfileNotFound | NoRegionError) or _is_not_found(err) else AWS_FAILED


def aws_cause(error: BaseException) -> BotoCoreError | ClientError | None:
    """Find AWS's own error; the adapters wrap it, once or twice, for their callers."""
    while not isinstance(error, BotoCoreError | ClientError):
        if error.__cause__ is None:
            return None
        error = error.__cause__
    return error


def describe_failure(err: BotoCoreError | ClientError, name: str) -> str:
    """Describe what went wrong and what to do about it."""
    return _describe_answer(err, name) if isinstance(err, ClientError) else _describe_local_error(err)


def _describe_answer(err: ClientError, name: str) -> str:
    code, message = _code(err), err.response["Error"].get("Message", "")
    if code in _NOT_FOUND:
        return (
            f"There is no engine '{name}' in this account and region ({err.operation_name}: {code}): "
            "check --name, --region and --profile, or deploy the engine first."
        )
    if code in _DENIED:
        return f"AWS denied {err.operation_name}: give your role this right, or choose another --profile. ({message})"
    if code in _BAD_CREDENTIALS:
        return f"AWS does not accept your credentials ({code}): log in again, or choose another --profile."
    if code in _THROTTLED:
        return f"AWS throttled {err.operation_name} ({code}): wait a minute and run the command again."
    return f"AWS answered {err.operation_name} with {code}: {message}"


def _describe_local_error(err: BotoCoreError) -> str:
    if isinstance(err, ProfileNotFound):
        return f"{err}: `aws configure list-profiles` lists yours."
    if isinstance(err, NoRegionError):
        return "No region is set: give --region, or set AWS_REGION or the profile's region."
    if isinstance(err, NoCredentialsError | PartialCredentialsError):
        return "No AWS credentials were found: give --profile, log in, or set AWS_ACCESS_KEY_ID and its secret."
    if isinstance(err, EndpointConnectionError | ConnectionError | HTTPClientError):
        return f"AWS cannot be reached: check the network, --region and AWS_ENDPOINT_URL. ({err})"
    return f"The request to AWS failed ({type(err).__name__}): {err}"


def _is_not_found(err: Exception) -> bool:
    return isinstance(err, ClientError) and _code(err) in _NOT_FOUND


def _code(err: ClientError) -> str:
    return err.response["Error"].get("Code", "")
