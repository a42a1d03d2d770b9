// SESMailClient: ids, batches, retries and cancellations, on a bus in memory.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import { type EmailOfMany, idAbout, InvalidEmailError, NotAcceptedError, SESMailClient } from '../src/index.js';
import { Bus, GOOD, PatientClient } from './bus.js';

function clientOf(events: Bus, options = {}) {
  return new PatientClient('shop.orders', { events, ...options });
}

function* emails(count: number): Generator<EmailOfMany> {
  for (let number = 0; number < count; number++) yield { ...GOOD, emailId: `newsletter:${number}` };
}

test('a request is put on the bus without what is null', async () => {
  const bus = new Bus();
  const emailId = await clientOf(bus, { bus: 'acme-EmailBus' }).send({
    ...GOOD,
    templateData: { userName: 'Jöhn' },
    subject: null,
    sendAt: new Date('2026-12-01T08:00:00Z'),
    emailId: 'order-4711',
  });
  assert.equal(emailId, 'order-4711');
  const [[entry]] = bus.calls as [[Record<string, unknown>]];
  const { Detail, ...rest } = entry;
  assert.deepEqual(rest, { Source: 'shop.orders', DetailType: 'Email Request', EventBusName: 'acme-EmailBus' });
  assert.deepEqual(JSON.parse(String(Detail)), {
    ...GOOD,
    templateData: { userName: 'Jöhn' },
    sendAt: '2026-12-01T08:00:00.000Z',
    emailId: 'order-4711',
  });
});

test('without id two calls are two emails', async () => {
  const client = clientOf(new Bus());
  assert.notEqual(await client.send(GOOD), await client.send(GOOD));
});

test('the random id is kept over the tries of the client', async () => {
  class Late extends Bus {
    protected override answer() {
      return this.calls.length < 3 ? { ErrorCode: 'ThrottlingException', ErrorMessage: '' } : { EventId: '7e1c' };
    }
  }
  const bus = new Late();
  const client = clientOf(bus);
  const emailId = await client.send(GOOD);
  assert.deepEqual(bus.ids, [[emailId], [emailId], [emailId]]);
  assert.equal(client.pauses.length, 2);
  assert.ok(client.pauses[0]! <= 400 && client.pauses[1]! >= 400);
});

test('the same about is the same email, also in Python', async () => {
  assert.equal(idAbout('order-4711 confirmation'), 'about-259528d63db37463fc8a9a468163f772');
  const client = clientOf(new Bus());
  const about = 'order-4711 confirmation';
  assert.equal(await client.send({ ...GOOD, about }), idAbout(about));
});

test('an about that names nothing, and about with an id, are rejected', async () => {
  const client = clientOf(new Bus());
  await assert.rejects(client.send({ ...GOOD, about: '' }), /^InvalidEmailError: about: found no text/);
  await assert.rejects(client.send({ ...GOOD, about: 'a', emailId: 'b' }), /about: found emailId as well/);
});

test('a source that names no producer is rejected', () => {
  for (const source of ['', '*']) {
    assert.throws(() => new SESMailClient(source, { events: new Bus() }), /source: found/);
  }
});

test('a client without a try is rejected, since it would send nothing', () => {
  for (const tries of [0, -1, NaN]) {
    assert.throws(() => clientOf(new Bus(), { tries }), /^RangeError: tries: found (0|-1|NaN); allowed: 1 or more$/);
  }
});

test('many emails go in batches of ten', async () => {
  const bus = new Bus();
  const accepted: number[] = [];
  const ids = await clientOf(bus).sendMany(emails(25), { progress: (count) => accepted.push(count) });
  assert.deepEqual(ids, Array.from({ length: 25 }, (_, number) => `newsletter:${number}`));
  assert.deepEqual(bus.calls.map((call) => call.length), [10, 10, 5]);
  assert.deepEqual(accepted, [10, 20, 25]);
});

test('an asynchronous source of emails is read as well', async () => {
  async function* rows() {
    yield* emails(3);
  }
  assert.equal((await clientOf(new Bus()).sendMany(rows())).length, 3);
});

test('a batch stays below the size of one call', async () => {
  const bus = new Bus();
  const large = Array.from({ length: 7 }, (_, number) => ({
    ...GOOD,
    emailId: String(number),
    templateData: { text: 'é'.repeat(50_000) },
  }));
  await clientOf(bus).sendMany(large);
  assert.deepEqual(bus.calls.map((call) => call.length), [2, 2, 2, 1]);
});

test('only what was not taken is put again', async () => {
  const bus = new Bus({
    'newsletter:1': ['ThrottlingException'],
    'newsletter:2': ['InternalException', 'ThrottlingException'],
  });
  await clientOf(bus).sendMany(emails(3));
  assert.deepEqual(bus.ids.slice(1), [['newsletter:1', 'newsletter:2'], ['newsletter:2']]);
});

test('what is never taken is named after all tries', async () => {
  const bus = new Bus({ 'newsletter:11': Array(9).fill('ThrottlingException') });
  await assert.rejects(clientOf(bus, { tries: 3 }).sendMany(emails(30)), (error) => {
    assert.ok(error instanceof NotAcceptedError);
    assert.deepEqual(error.refused, [{ id: 'newsletter:11', code: 'ThrottlingException', message: 'not now' }]);
    assert.equal(error.accepted, 19);
    assert.match(error.message, /1 events \(ThrottlingException\) after 19/);
    return true;
  });
  assert.equal(bus.calls.length, 4);
});

test('a final refusal is not tried again', async () => {
  const bus = new Bus({ 'newsletter:0': Array(9).fill('AccessDeniedException') });
  await assert.rejects(clientOf(bus).sendMany(emails(1)), NotAcceptedError);
  assert.equal(bus.calls.length, 1);
});

test('an invalid email is named by its place', async () => {
  const many = [...emails(12), { ...GOOD, to: 7, emailId: 'x' } as unknown as EmailOfMany];
  await assert.rejects(clientOf(new Bus()).sendMany(many), /emails\[12\]\.to: found 7; allowed: a text/);
});

test('many emails need ids so that the call can be repeated', async () => {
  const many = [{ ...GOOD, about: 'a' }, GOOD as EmailOfMany];
  await assert.rejects(clientOf(new Bus()).sendMany(many), /emails\[1\]\.emailId: found nothing/);
});

test('two emails under one id are rejected before the second is on the bus', async () => {
  const bus = new Bus();
  const many = (fields: { about: string } | { emailId: string }) =>
    [1, 2].map((number) => ({ ...GOOD, to: `reader${number}@example.com`, ...fields }));
  await assert.rejects(clientOf(bus).sendMany(many({ about: 'a' })), /emails\[1\]\.about: found that of another email/);
  await assert.rejects(clientOf(bus).sendMany(many({ emailId: 'a' })), /emails\[1\]\.emailId: found that of another/);
  assert.deepEqual(bus.calls, []);
  assert.equal((await clientOf(bus).sendMany([{ ...GOOD, about: 'a' }, { ...GOOD, about: 'a' }])).length, 2);
  const one = { ...GOOD, about: 'a', templateData: { a: 1, b: { c: 2, d: 3 } } };
  const other = { templateData: { b: { d: 3, c: 2 }, a: 1 }, ...GOOD, about: 'a' };
  assert.equal((await clientOf(bus).sendMany([one, other])).length, 2);
});

test('a request larger than the engine takes is rejected', async () => {
  const large = { ...GOOD, templateData: { text: 'a'.repeat(257_200) } };
  await assert.rejects(clientOf(new Bus()).send(large), /email: found \d+ bytes .*; allowed: 258048 \(max_request_kb\)/);
  await clientOf(new Bus(), { maxRequestKb: 1024 }).send(large);
});

test('a cancellation names an email or a tag', async () => {
  const bus = new Bus();
  const client = clientOf(bus);
  await client.cancel({ emailId: 'order-4711' });
  await client.cancel({ about: 'order-4711 confirmation' });
  await client.cancel({ tag: 'spring-sale' });
  assert.deepEqual(bus.details.flat(), [
    { emailId: 'order-4711' },
    { emailId: idAbout('order-4711 confirmation') },
    { tag: 'spring-sale' },
  ]);
  assert.equal(bus.calls[0]![0]!.DetailType, 'Email Cancel Requested');
});

test('a cancellation of nothing or of a wrong name is rejected', async () => {
  const client = clientOf(new Bus());
  for (const what of [{}, { about: '' }, { emailId: 'a', tag: 'b' }, { emailId: 'a@b' }, { tag: 'spring sale' }]) {
    await assert.rejects(client.cancel(what as { tag: string }), InvalidEmailError);
  }
});

test("the engine's own link is for bulk mail to one recipient", async () => {
  const bus = new Bus();
  const client = clientOf(bus);
  const own = { ...GOOD, listUnsubscribe: true };
  for (const priority of [undefined, 'transactional'] as const) {
    await assert.rejects(client.send({ ...own, priority: priority ?? null }), {
      message:
        "listUnsubscribe: found true in mail that is not bulk; allowed: with priority 'bulk', also where your " +
        "producer's policy makes it bulk, or a url or mailto of your own",
    });
  }
  for (const copy of [{ cc: ['jane@example.com'] }, { bcc: ['jane@example.com'] }]) {
    await assert.rejects(client.send({ ...own, ...copy, priority: 'bulk' }), /listUnsubscribe: found true with cc or bcc/);
  }
  await assert.rejects(client.sendMany([{ ...own, emailId: 'a' }]), /emails\[0\]\.listUnsubscribe: found true/);
  assert.deepEqual(bus.calls, []);
  await client.send({ ...own, priority: 'bulk', cc: [] });
  await client.send({ ...GOOD, listUnsubscribe: { url: 'https://example.com/u' }, cc: ['jane@example.com'] });
});

test('an unsubscription names an email or an address', async () => {
  const bus = new Bus();
  const client = clientOf(bus);
  await client.requestUnsubscribe({ emailId: 'news-1' });
  await client.requestUnsubscribe({ about: 'order-4711 confirmation' });
  await client.requestUnsubscribe({ email: 'Ada@example.com', topic: null });
  await client.requestUnsubscribe({ email: 'ada@example.com', topic: 'weekly-digest' });
  assert.deepEqual(bus.details.flat(), [
    { emailId: 'news-1' },
    { emailId: idAbout('order-4711 confirmation') },
    { email: 'Ada@example.com' },
    { email: 'ada@example.com', topic: 'weekly-digest' },
  ]);
  assert.equal(bus.calls[0]![0]!.DetailType, 'Email Unsubscribe Requested');
});

test('an unsubscription of nothing or of a wrong name is rejected', async () => {
  const client = clientOf(new Bus());
  const wrong: [object, RegExp][] = [
    [{}, /requestUnsubscribe: found none of them; allowed: one of emailId, about and email/],
    [{ topic: 'a' }, /requestUnsubscribe: found none of them/],
    [{ emailId: 'a', email: 'ada@example.com' }, /requestUnsubscribe: found several of them/],
    [{ about: 'a', topic: 'b' }, /topic: found one where the email names it; allowed: with email alone/],
    [{ emailId: 'a@b' }, /emailId: found a text of 3 characters; allowed: what matches/],
    [{ email: 'a' }, /email: found a text of 1 characters; allowed: at least 3/],
    [{ email: 'ada@example.com', topic: '*' }, /topic: found a text of 1 characters; allowed: what matches/],
    [{ mail: 'ada@example.com' }, /mail: found an unknown field; allowed: emailId, email, topic/],
  ];
  for (const [what, message] of wrong) {
    await assert.rejects(client.requestUnsubscribe(what as { email: string }), (error) => {
      assert.ok(error instanceof InvalidEmailError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('a call without an answer ends after 5 s and is repeated with the same email', { timeout: 20_000 }, async (t) => {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    if (calls.push(body) > 1) response.end(JSON.stringify({ Entries: [{ EventId: '7e1c' }], FailedEntryCount: 0 }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
  await new SESMailClient('shop.orders').send(GOOD);
  assert.equal(calls.length, 2);
  assert.equal(calls[0], calls[1]);
});
