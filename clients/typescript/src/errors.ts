// What the client throws, by what the caller does next. What the AWS SDK throws passes through. No message has an address
// or other content of an email: a text is described by its length.

/** The base of all errors of this package. */
export class SESMailError extends Error {
  override name = 'SESMailError';
}

/** An email breaks a rule: correct it. It was not put on the bus. */
export class InvalidEmailError extends SESMailError {
  override name = 'InvalidEmailError';

  constructor(
    readonly field: string,
    readonly found: string,
    readonly allowed: string,
  ) {
    super(`${field}: found ${found}; allowed: ${allowed}`);
  }
}

/** An event that EventBridge did not take, and its reason. */
export interface Refused {
  /** The email's id; of a cancellation its id or tag. */
  id: string;
  /** EventBridge's, such as `ThrottlingException`. */
  code: string;
  message: string;
}

/** EventBridge did not take some events, also after the client's own tries: repeat the call. */
export class NotAcceptedError extends SESMailError {
  override name = 'NotAcceptedError';

  constructor(
    readonly refused: readonly Refused[],
    readonly accepted: number,
  ) {
    const codes = [...new Set(refused.map((each) => each.code))].sort().join(', ');
    super(
      `EventBridge did not take ${refused.length} events (${codes}) after ${accepted} that it took. Repeat the call ` +
        'with the same ids: what was taken stays one email.',
    );
  }
}

/** An event is no `Email Status Changed`, or has a status that this version does not know. */
export class InvalidStatusEventError extends SESMailError {
  override name = 'InvalidStatusEventError';
}
