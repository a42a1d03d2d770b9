// parseStatus, and what the package has for its users' own tests.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { InvalidEmailError, InvalidStatusEventError, parseStatus, type Status } from '../src/index.js';
import { FakeSESMailClient, type Sqs, StatusQueue, WaitError } from '../src/testing.js';
import { GOOD } from './bus.js';

const DETAIL = {
  emailId: 'order-4711',
  recordId: 'order-4711',
  status: 'bounced',
  toEmail: 'john@example.com',
  timestamp: '2026-11-24T10:31:00.000Z',
  attempt: 1,
  eventId: '5e1d',
  bounceClass: 'hard',
};
const EVENT = { 'detail-type': 'Email Status Changed', source: 'sesmailengine', detail: DETAIL };
const FAILED = { errorType: 'suppressed', errorMessage: 'Email not sent' };

test('an event is read from EventBridge, from a queue, or bare', () => {
  for (const event of [EVENT, JSON.stringify(EVENT), DETAIL]) {
    const found = parseStatus(event);
    assert.ok(found.status === 'bounced');
    assert.equal(found.bounceClass, 'hard');
  }
});

test('fields and values of a newer engine are no error', () => {
  assert.equal(parseStatus({ ...DETAIL, newField: 1, bounceClass: 'new' }).emailId, 'order-4711');
});

test('what is no status event is rejected with its reason', () => {
  const wrong: [unknown, RegExp][] = [
    [{ ...DETAIL, status: 'exploded' }, /status: found exploded; allowed: deferred, sent, /],
    [{ ...DETAIL, status: null }, /status: found null; allowed/],
    [{ ...DETAIL, attempt: '1' }, /attempt: found a text of 1 characters; allowed: integer/],
    [{ ...DETAIL, status: 'failed' }, /errorType: found nothing/],
    [{ 'detail-type': 'Email Request', detail: {} }, /detail-type: found Email Request/],
    [{ 'detail-type': 'Email Status Changed', detail: [] }, /detail: found a list of 0/],
    ['no JSON', /no JSON/],
    ['[]', /event: found a list of 0/],
    [undefined, /event: found nothing/],
  ];
  for (const [event, message] of wrong) {
    assert.throws(() => parseStatus(event), (error) => {
      assert.ok(error instanceof InvalidStatusEventError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('the fake keeps requests and checks them as the real client does', async () => {
  const emails = new FakeSESMailClient('shop.orders');
  const emailId = await emails.send({ ...GOOD, about: 'order-4711' });
  await emails.send({ ...GOOD, about: 'order-4711' });
  assert.deepEqual(emails.sent, [{ emailId, request: { ...GOOD, emailId } }]);
  await assert.rejects(emails.send({ ...GOOD, templateName: 'no such name' }), InvalidEmailError);
});

test('the fake can refuse, and keeps cancellations', async () => {
  const emails = new FakeSESMailClient();
  emails.refuse('ThrottlingException', 2);
  await emails.send(GOOD);
  await emails.cancel({ tag: 'spring-sale' });
  assert.equal(emails.sent.length, 1);
  assert.deepEqual(emails.cancelled, [{ tag: 'spring-sale' }]);
  await emails.requestUnsubscribe({ email: 'ada@example.com' });
  assert.deepEqual(emails.unsubscribed, [{ email: 'ada@example.com' }]);
});

test('the fake makes only events that the engine would publish', async () => {
  const emails = new FakeSESMailClient('shop.orders');
  const emailId = await emails.send({ ...GOOD, metadata: { orderId: '4711' } });
  const event = parseStatus(emails.statusEvent(emailId, 'failed', FAILED));
  assert.ok(event.status === 'failed');
  assert.deepEqual(event.metadata, { orderId: '4711' });
  assert.throws(() => emails.statusEvent(emailId, 'failed'), /errorType: found nothing/);
  assert.throws(() => emails.statusEvent('another', 'sent'), /which was not sent/);
});

/** A queue of SQS with the events of these emails, one a call. */
class Queue {
  readonly deleted: string[] = [];
  receives = 0;
  private readonly messages: { Body: string; ReceiptHandle: string }[];

  constructor(...details: object[]) {
    this.messages = details.map((detail, number) => ({
      Body: JSON.stringify({ ...EVENT, detail: { ...DETAIL, ...detail } }),
      ReceiptHandle: String(number),
    }));
  }

  async send(command: { input: { WaitTimeSeconds?: number; ReceiptHandle?: string } }) {
    const { ReceiptHandle, WaitTimeSeconds } = command.input;
    if (ReceiptHandle !== undefined) this.deleted.push(ReceiptHandle);
    else {
      assert.ok(WaitTimeSeconds! >= 1 && WaitTimeSeconds! <= 20);
      this.receives++;
    }
    return ReceiptHandle === undefined ? { Messages: this.messages.splice(0, 1) } : {};
  }
}

function waiting(...details: { emailId: string; status: Status; [field: string]: unknown }[]) {
  const queue = new Queue(...details);
  return { queue, statuses: new StatusQueue('https://sqs.example/q', { sqs: queue as unknown as Sqs }) };
}

test('a status is waited for, and events of other emails are kept for later', async () => {
  const { queue, statuses } = waiting(
    { emailId: 'b', status: 'sent' },
    { emailId: 'a', status: 'sent' },
    { emailId: 'b', status: 'delivered' },
    { emailId: 'a', status: 'delivered' },
  );
  assert.equal((await statuses.waitFor('a')).status, 'delivered');
  assert.equal((await statuses.waitFor('b', 'sent')).status, 'sent');
  assert.deepEqual(statuses.eventsOf('b').map((event) => event.status), ['sent', 'delivered']);
  assert.deepEqual(queue.deleted, ['0', '1', '2', '3']);
});

test('waiting ends at once where the email failed', async () => {
  const { queue, statuses } = waiting({ emailId: 'a', status: 'failed', ...FAILED });
  await assert.rejects(statuses.waitFor('a', 'delivered', { timeoutSeconds: 2 }), (error) => {
    assert.ok(error instanceof WaitError);
    assert.equal(error.message, 'a: waited for delivered, found failed (suppressed: Email not sent)');
    return true;
  });
  assert.equal(queue.receives, 1);
});

test('waiting leaves out what becomes of copies', async () => {
  const { statuses } = waiting(
    { emailId: 'a', status: 'bounced', recipientType: 'cc' },
    { emailId: 'a', status: 'delivered', recipientType: 'bcc', toEmail: 'copy@example.com' },
    { emailId: 'a', status: 'delivered' },
  );
  assert.equal((await statuses.waitFor('a')).toEmail, 'john@example.com');
});

test('waiting ends where a later status is there already', async () => {
  const bounced = waiting({ emailId: 'a', status: 'bounced' }).statuses;
  assert.equal((await bounced.waitFor('a', 'sent', { timeoutSeconds: 2 })).status, 'bounced');
  const opened = waiting({ emailId: 'a', status: 'opened', machine: true }).statuses;
  assert.equal((await opened.waitFor('a', 'delivered', { timeoutSeconds: 2 })).status, 'opened');
});

test('waiting finds the conflict of an id that is taken', async () => {
  const { statuses } = waiting({ emailId: 'email-7e1c', status: 'failed', ...FAILED, conflictsWith: 'a' });
  assert.equal((await statuses.waitFor('a', 'failed')).errorType, 'suppressed');
});

test('waiting ends after its time and says what was found', async () => {
  const { statuses } = waiting({ emailId: 'a', status: 'sent' });
  await assert.rejects(statuses.waitFor('b', 'delivered', { timeoutSeconds: 0 }), /b: no status event in 0 s/);
  const late = statuses.waitFor('a', 'delivered', { timeoutSeconds: 0.01 });
  await assert.rejects(late, /a: waited for delivered, found sent/);
});
