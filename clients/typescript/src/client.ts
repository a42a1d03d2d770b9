// Ask the engine for emails: each request is checked, gets an id, and is put on the engine's bus.

import { createHash, randomUUID } from 'node:crypto';

import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';

import { InvalidEmailError, NotAcceptedError, type Refused } from './errors.js';
import type { EmailRequest, UnsubscribeDetail } from './generated/requestTypes.js';
import { requestSchema, unsubscribeSchema } from './generated/schemas.js';
import { SchemaCheck } from './schemaCheck.js';

export const DEFAULT_BUS = 'sesmailengine-EmailBus';
// Of one call: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const ENTRIES_PER_CALL = 10;
const BYTES_PER_CALL = 256 * 1024;
// What EventBridge adds to an entry: its envelope, at most about this many bytes.
const ENVELOPE_BYTES = 1024;
// Room that the engine keeps in a message for its own notes.
const ENGINES_KB = 4;
// The others are final, such as a source that the caller's policy does not allow.
const RETRYABLE = new Set(['InternalException', 'InternalFailure', 'ThrottlingException']);
// The AWS SDK waits for an answer without end. It makes three attempts: a repeat has the same ids, so what an attempt
// without an answer has put on the bus stays one email.
// https://docs.aws.amazon.com/AWSJavaScriptSDK/v3/latest/Package/-smithy-types/Interface/NodeHttpHandlerOptions/
const LIMITS = { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true };

/** One email: a request, or a request with `about` in place of `emailId`. */
export interface Email extends EmailRequest {
  /** What the email is about, such as `order-4711 confirmation`: the same text is the same email, sent once. */
  about?: string | null;
}

/** One of many: it has an id of its own, so that the whole call can be repeated. */
export type EmailOfMany = Email & ({ emailId: string } | { about: string });

/** Of one email, or of all emails of the producer with a tag. */
export type Cancellation = { emailId: string } | { about: string } | { tag: string };

/** Whom you mail no more: the recipient of one of your emails, or an address, with or without a topic. */
export type Unsubscription =
  | { emailId: string; topic?: never }
  | { about: string; topic?: never }
  | { email: string; topic?: UnsubscribeDetail['topic'] };

/** The part of the AWS SDK's client that is used. */
export interface Events {
  send(command: PutEventsCommand): Promise<{ Entries?: Answer[] }>;
}

export interface Answer {
  EventId?: string | undefined;
  ErrorCode?: string | undefined;
  ErrorMessage?: string | undefined;
}

export interface ClientOptions {
  /** The engine's bus; default: sesmailengine-EmailBus. */
  bus?: string;
  /** A client of EventBridge; the default one gives up an attempt after 5 s, and makes three. */
  events?: Events;
  /** How often an event is put on the bus in all, where EventBridge does not take it: 1 or more; default: 5. */
  tries?: number;
  /** The engine's variable of that name; default: 256. */
  maxRequestKb?: number;
}

interface Event {
  id: string;
  detail: string;
  sizeBytes: number;
}

/** A producer's access to the engine. `source` names the producer: its policy, caps and status events go by it. */
export class SESMailClient {
  private readonly bus: string;
  private readonly events: Events;
  private readonly tries: number;
  private readonly maxBytes: number;
  private readonly check = new SchemaCheck(requestSchema);
  private readonly unsubscribeCheck = new SchemaCheck(unsubscribeSchema);

  constructor(
    readonly source: string,
    { bus = DEFAULT_BUS, events, tries = 5, maxRequestKb = 256 }: ClientOptions = {},
  ) {
    if (!source || source === '*') {
      throw new TypeError(`source: found '${source}'; allowed: your service's name, such as shop.orders`);
    }
    if (!(tries >= 1)) throw new RangeError(`tries: found ${tries}; allowed: 1 or more`);
    this.bus = bus;
    this.events = events ?? new EventBridgeClient({ requestHandler: LIMITS });
    this.tries = tries;
    this.maxBytes = (maxRequestKb - ENGINES_KB) * 1024;
  }

  /**
   * Ask for one email; return its id. Without `emailId` and `about` the id is random: the client's own tries stay one
   * email, a second call is a second one. Throws InvalidEmailError, NotAcceptedError, and what the AWS SDK throws.
   */
  async send(email: Email): Promise<string> {
    const event = this.event(email, true);
    await this.put('Email Request', [event], 0);
    return event.id;
  }

  /**
   * Ask for many emails, in batches of ten; return their ids in order. After any error the whole call can be repeated:
   * what was accepted before stays one email. `progress` is called after each batch with the number accepted so far.
   * Throws as `send` does; an error names the email by its place, as in `emails[17].to`.
   */
  async sendMany(
    emails: Iterable<EmailOfMany> | AsyncIterable<EmailOfMany>,
    { progress }: { progress?: (accepted: number) => void } = {},
  ): Promise<string[]> {
    const ids: string[] = [];
    for await (const batch of this.batches(emails)) {
      await this.put('Email Request', batch, ids.length);
      ids.push(...batch.map((event) => event.id));
      progress?.(ids.length);
    }
    return ids;
  }

  /**
   * Ask for the cancellation of what is not sent yet. Whether it came in time is in the status: `failed` with the error
   * type `cancelled`, or `sent`.
   */
  async cancel(what: Cancellation): Promise<void> {
    const { emailId, about, tag }: { emailId?: string; about?: string; tag?: string } = what;
    if ([emailId, about, tag].filter((given) => given != null).length !== 1) {
      throw new InvalidEmailError('cancel', 'none or several of them', 'one of emailId, about and tag');
    }
    const properties = this.check.main.properties ?? {};
    if (tag != null) this.check.encode([tag], properties.tags ?? {}, 'tag');
    const id = tag ?? idOf(about, emailId, false);
    if (tag == null) this.check.encode(id, properties.emailId ?? {}, 'emailId');
    await this.put('Email Cancel Requested', [asEvent(String(id), tag == null ? { emailId: id } : { tag })], 0);
  }

  /**
   * Ask the engine to send no more of your bulk mail to a recipient who left on a page of yours. `emailId` or `about` names
   * an email to the recipient, and with it the topic that is left. `email` names the address: with `topic` it leaves that
   * topic, without it all of your bulk mail. Throws as `send` does.
   */
  async requestUnsubscribe(whom: Unsubscription): Promise<void> {
    const { about, ...given } = whom as UnsubscribeDetail & { about?: string | null };
    const detail: UnsubscribeDetail = this.unsubscribeCheck.fields(given, this.unsubscribeCheck.main);
    const named = [about, detail.emailId, detail.email].filter((each) => each != null);
    if (named.length !== 1) {
      const found = named.length > 0 ? 'several of them' : 'none of them';
      throw new InvalidEmailError('requestUnsubscribe', found, 'one of emailId, about and email');
    }
    if (about != null) detail.emailId = idOf(about, null, false);
    if (detail.emailId != null && detail.topic != null) {
      throw new InvalidEmailError('topic', 'one where the email names it', 'with email alone');
    }
    // An address is in no error.
    const id = detail.emailId ?? detail.topic ?? '';
    await this.put('Email Unsubscribe Requested', [asEvent(id, detail)], 0);
  }

  private async *batches(emails: Iterable<EmailOfMany> | AsyncIterable<EmailOfMany>): AsyncGenerator<Event[]> {
    let batch: Event[] = [];
    let size = 0;
    let number = 0;
    const digests = new Map<string, string>();
    for await (const email of emails) {
      const event = this.numberedEvent(number, email);
      const digest = digestOf(event.detail);
      // The engine would send the first alone, and record all others as conflicts.
      if ((digests.get(event.id) ?? digest) !== digest) {
        const field = `emails[${number}].${email.about == null ? 'emailId' : 'about'}`;
        throw new InvalidEmailError(field, 'that of another email in this call', 'one for each email');
      }
      digests.set(event.id, digest);
      number++;
      if (batch.length > 0 && (batch.length === ENTRIES_PER_CALL || size + event.sizeBytes > BYTES_PER_CALL)) {
        yield batch;
        batch = [];
        size = 0;
      }
      batch.push(event);
      size += event.sizeBytes;
    }
    if (batch.length > 0) yield batch;
  }

  private numberedEvent(number: number, email: Email): Event {
    try {
      return this.event(email, false);
    } catch (error) {
      if (!(error instanceof InvalidEmailError)) throw error;
      throw new InvalidEmailError(`emails[${number}].${error.field}`, error.found, error.allowed);
    }
  }

  private event({ about, ...request }: Email, randomId: boolean): Event {
    const emailId = idOf(about, request.emailId, randomId);
    const detail = this.check.fields({ ...request, emailId }, this.check.main);
    checkOwnLink(detail);
    const event = asEvent(emailId, detail);
    if (event.sizeBytes > this.maxBytes) {
      const allowed = `${this.maxBytes} (max_request_kb); give large attachments as s3Uri`;
      throw new InvalidEmailError('email', `${event.sizeBytes} bytes with EventBridge's envelope`, allowed);
    }
    return event;
  }

  private async put(detailType: string, events: Event[], alreadyAccepted: number): Promise<void> {
    let left = events;
    const refused: Refused[] = [];
    for (let attempt = 1; left.length > 0 && attempt <= this.tries; attempt++) {
      if (attempt > 1) await this.pause(200 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
      const Entries = left.map(({ detail }) => ({
        Source: this.source,
        DetailType: detailType,
        EventBusName: this.bus,
        Detail: detail,
      }));
      const answers = (await this.events.send(new PutEventsCommand({ Entries }))).Entries ?? [];
      const failed = left.flatMap((event, index) => {
        const answer = answers[index] ?? { ErrorCode: 'NoAnswer' };
        return answer.ErrorCode ? [{ event, code: answer.ErrorCode, message: answer.ErrorMessage ?? '' }] : [];
      });
      const final = failed.filter(({ code }) => attempt === this.tries || !RETRYABLE.has(code));
      refused.push(...final.map(({ event, code, message }) => ({ id: event.id, code, message })));
      left = failed.filter(({ code }) => RETRYABLE.has(code)).map(({ event }) => event);
    }
    if (refused.length > 0) {
      throw new NotAcceptedError(refused, alreadyAccepted + events.length - refused.length);
    }
  }

  protected async pause(milliseconds: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}

/** Return the id that `about` gives, a hash of it; the Python client has the same. */
export function idAbout(about: string): string {
  return `about-${createHash('sha256').update(about).digest('hex').slice(0, 32)}`;
}

function idOf(about: string | null | undefined, emailId: string | null | undefined, randomId: boolean): string {
  if (about != null && emailId != null) throw new InvalidEmailError('about', 'emailId as well', 'one of the two');
  if (about != null) {
    if (typeof about === 'string' && about) return idAbout(about);
    throw new InvalidEmailError('about', 'no text', 'a text that names the email');
  }
  if (emailId != null) return emailId;
  if (randomId) return randomUUID();
  throw new InvalidEmailError('emailId', 'nothing', 'emailId or about, so that the call can be repeated');
}

/** Throw InvalidEmailError for a link of the engine's own page where the engine rejects it, or it stops nothing. */
function checkOwnLink({ listUnsubscribe, cc, bcc, priority }: Record<string, unknown>): void {
  if (listUnsubscribe !== true) return;
  if ([cc, bcc].some((copies) => Array.isArray(copies) && copies.length > 0)) {
    const allowed = 'with to alone, since all would get the link that unsubscribes to';
    throw new InvalidEmailError('listUnsubscribe', 'true with cc or bcc', allowed);
  }
  if (priority !== 'bulk') {
    const allowed = "with priority 'bulk', also where your producer's policy makes it bulk, or a url or mailto of your own";
    throw new InvalidEmailError('listUnsubscribe', 'true in mail that is not bulk', allowed);
  }
}

function asEvent(id: string, given: object): Event {
  const detail = JSON.stringify(given);
  return { id, detail, sizeBytes: Buffer.byteLength(detail) + ENVELOPE_BYTES };
}

/** Equal for equal emails, in whatever order their fields were given. */
function digestOf(detail: string): string {
  const ordered = JSON.parse(detail, (_, value: unknown) =>
    value === null || typeof value !== 'object' || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))),
  ) as unknown;
  return createHash('sha256').update(JSON.stringify(ordered)).digest('base64');
}
