// For the tests of those who send: a client that sends nothing, and waiting for a status.

import { randomUUID } from 'node:crypto';

import type { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

import { type Answer, type ClientOptions, type Events, SESMailClient } from './client.js';
import { InvalidStatusEventError, SESMailError } from './errors.js';
import type { Status, StatusEvent } from './generated/statusTypes.js';
import { DETAIL_TYPE, parseStatus } from './statusEvents.js';

type Detail = Record<string, unknown>;

// After these an email does not become another one of the statuses that a test waits for.
const FINAL = new Set<Status>(['failed', 'bounced', 'complained']);
// A status that an email has only after another one. The earlier one has no event of its own where it came too late.
const IMPLIED_BY = {
  sent: ['delivered', 'soft_bounced', 'bounced', 'complained', 'opened', 'clicked'],
  delivered: ['opened', 'clicked'],
} as const satisfies { [S in Status]?: readonly Status[] };
type Reached<S extends Status> = S | (S extends keyof typeof IMPLIED_BY ? (typeof IMPLIED_BY)[S][number] : never);
const LONGEST_POLL_SECONDS = 20;
const LIMITS = {
  connectionTimeout: 2000,
  requestTimeout: (LONGEST_POLL_SECONDS + 5) * 1000,
  throwOnRequestTimeout: true,
};

/** A request that was put on the fake bus. */
export interface SentEmail {
  emailId: string;
  /** As the engine gets it. */
  request: Detail;
}

/** A client that checks as the real one does, and keeps the requests in place of sending them. */
export class FakeSESMailClient extends SESMailClient {
  private readonly fakeBus: FakeBus;

  constructor(source = 'test', options: Omit<ClientOptions, 'events'> = {}) {
    const events = new FakeBus();
    super(source, { ...options, events });
    this.fakeBus = events;
  }

  /** The emails asked for, each id once, as the engine sends it: oldest first. */
  get sent(): SentEmail[] {
    const found = new Map<string, SentEmail>();
    for (const request of this.fakeBus.details('Email Request')) {
      const emailId = String(request.emailId);
      if (!found.has(emailId)) found.set(emailId, { emailId, request });
    }
    return [...found.values()];
  }

  /** The cancellations asked for: `{ emailId }` or `{ tag }`. */
  get cancelled(): Detail[] {
    return this.fakeBus.details('Email Cancel Requested');
  }

  /** The unsubscriptions asked for: `{ emailId }`, or `{ email }` with or without `topic`. */
  get unsubscribed(): Detail[] {
    return this.fakeBus.details('Email Unsubscribe Requested');
  }

  /** Let the bus not take the next `times` events, as EventBridge may. */
  refuse(code = 'ThrottlingException', times = 1): void {
    this.fakeBus.refusals.push(...Array<string>(times).fill(code));
  }

  /**
   * Return the event that EventBridge delivers when a sent email gets a status, for the test of your handler. `fields` are
   * added to the detail. Throws where the id was not sent, or a field is missing that the status always has.
   */
  statusEvent(emailId: string, status: Status, fields: Detail = {}): { detail: Detail; [name: string]: unknown } {
    const request = this.sent.find((email) => email.emailId === emailId)?.request;
    if (!request) throw new SESMailError(`emailId: found '${emailId}', which was not sent; allowed: what send returned`);
    const time = new Date().toISOString();
    const { metadata, tags } = request;
    const detail = {
      emailId,
      recordId: emailId,
      status,
      toEmail: request.to,
      timestamp: time,
      originalSource: this.source,
      templateName: request.templateName,
      topic: request.topic ?? request.templateName,
      attempt: 1,
      eventId: randomUUID(),
      ...(metadata === undefined ? {} : { metadata }),
      ...(tags === undefined ? {} : { tags }),
      ...fields,
    };
    const event = { 'detail-type': DETAIL_TYPE, source: 'sesmailengine', time, detail };
    parseStatus(event);
    return event;
  }

  protected override async pause(): Promise<void> {}
}

/** EventBridge, as far as the client uses it. */
class FakeBus implements Events {
  readonly refusals: string[] = [];
  private readonly taken: { type: string; detail: string }[] = [];

  async send(command: PutEventsCommand): Promise<{ Entries: Answer[] }> {
    const entries = command.input.Entries ?? [];
    return { Entries: entries.map((entry) => this.put(String(entry.DetailType), String(entry.Detail))) };
  }

  private put(type: string, detail: string): Answer {
    const ErrorCode = this.refusals.shift();
    if (ErrorCode) return { ErrorCode, ErrorMessage: 'refused by the test' };
    this.taken.push({ type, detail });
    return { EventId: randomUUID() };
  }

  details(type: string): Detail[] {
    return this.taken.filter((entry) => entry.type === type).map((entry) => JSON.parse(entry.detail) as Detail);
  }
}

/** An email did not get the status that was waited for: the message has those that it got. */
export class WaitError extends SESMailError {
  override name = 'WaitError';
}

/** The part of the AWS SDK's client that is used. */
export interface Sqs {
  send(command: ReceiveMessageCommand): Promise<{ Messages?: { Body?: string; ReceiptHandle?: string }[] }>;
  send(command: DeleteMessageCommand): Promise<unknown>;
}

/**
 * A queue of SQS with the status events of a producer, for tests against a deployed engine. Reads the queue and deletes
 * what it has read, so give it one of its own: the target of a rule for your source. Keeps what it reads for later calls.
 */
export class StatusQueue {
  private readonly events: StatusEvent[] = [];
  private readonly sqs: Sqs;

  constructor(
    private readonly queueUrl: string,
    { sqs }: { sqs?: Sqs } = {},
  ) {
    this.sqs = sqs ?? (new SQSClient({ requestHandler: LIMITS }) as Sqs);
  }

  /** Return what was read of an email so far, also where its id was taken by another request. */
  eventsOf(emailId: string): StatusEvent[] {
    return this.events.filter(
      (event) => event.emailId === emailId || (event.status === 'failed' && event.conflictsWith === emailId),
    );
  }

  /**
   * Return the email's event with a status as soon as the queue has it; those of a cc or bcc do not count. Where an event
   * came that follows `sent` or `delivered`, such as `opened`, it returns that one: a status that comes after a later one
   * has no event. Throws WaitError after `timeoutSeconds`, or at once where the email failed, bounced or was complained
   * about.
   */
  async waitFor<S extends Status = 'delivered'>(
    emailId: string,
    status: S = 'delivered' as S,
    { timeoutSeconds = 60 }: { timeoutSeconds?: number } = {},
  ): Promise<Extract<StatusEvent, { status: Reached<S> }>> {
    const end = Date.now() + timeoutSeconds * 1000;
    for (;;) {
      // What becomes of a cc or bcc says nothing of the email itself.
      const events = this.eventsOf(emailId).filter((event) => event.recipientType == null);
      const implied: Partial<Record<Status, readonly Status[]>> = IMPLIED_BY;
      const later: readonly Status[] = implied[status as Status] ?? [];
      const found =
        events.find((event) => event.status === status) ?? events.find((event) => later.includes(event.status));
      if (found) return found as Extract<StatusEvent, { status: Reached<S> }>;
      const secondsLeft = (end - Date.now()) / 1000;
      if (secondsLeft <= 0 || events.some((event) => FINAL.has(event.status))) {
        throw new WaitError(notReached(emailId, status, events, timeoutSeconds));
      }
      await this.read(Math.min(LONGEST_POLL_SECONDS, Math.max(1, Math.floor(secondsLeft))));
    }
  }

  private async read(waitSeconds: number): Promise<void> {
    const QueueUrl = this.queueUrl;
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds });
    for (const { Body, ReceiptHandle } of (await this.sqs.send(receive)).Messages ?? []) {
      try {
        this.events.push(parseStatus(Body));
      } catch (error) {
        if (!(error instanceof InvalidStatusEventError)) throw error;
        throw new WaitError(`The queue has something else than status events: ${error.message}`, { cause: error });
      }
      await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}

function notReached(emailId: string, status: Status, events: StatusEvent[], timeoutSeconds: number): string {
  if (events.length === 0) {
    return `${emailId}: no status event in ${timeoutSeconds} s; is the queue the target of a rule for its source?`;
  }
  const found = events.map((event) =>
    event.status === 'failed' ? `failed (${event.errorType}: ${event.errorMessage})` : event.status,
  );
  return `${emailId}: waited for ${status}, found ${found.join(', ')}`;
}
