// The rules, from the cases that the engine and the Python client share.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { type Email, InvalidEmailError } from '../src/index.js';
import { FakeSESMailClient } from '../src/testing.js';
import { GOOD } from './bus.js';

const cases = new URL('../../../../tests/cases/', import.meta.url);
const rejected: Email[] = JSON.parse(readFileSync(new URL('rejected_by_the_schema.json', cases), 'utf8'));

test('what the engine rejects by its schema is rejected, without a word of the email', async () => {
  assert.ok(rejected.length > 20);
  for (const email of rejected) {
    await assert.rejects(new FakeSESMailClient().send(email), (error) => {
      assert.ok(error instanceof InvalidEmailError, JSON.stringify(email));
      assert.doesNotMatch(error.message, /example\.com/);
      return true;
    });
  }
});

test('an error names the field, what was found and what is allowed', async () => {
  const expected: [object, string][] = [
    [{ to: 7 }, 'to: found 7; allowed: a text'],
    [{ to: null }, 'to: found nothing; allowed: it is required'],
    [{ cc: 'jane@example.com' }, 'cc: found a text of 16 characters; allowed: a list or null'],
    [{ tags: ['a', 'b c'] }, 'tags[1]: found a text of 3 characters; allowed: what matches ^[A-Za-z0-9_-]{1,64}$'],
    [{ priority: 'urgent' }, 'priority: found a text of 6 characters; allowed: bulk, transactional'],
    [{ subject: 'a'.repeat(999) }, 'subject: found 999 characters; allowed: at most 998'],
    [{ template_name: 'a' }, 'template_name: found an unknown field; allowed: templateName (did you mean it?)'],
    [
      { from: 'shop@example.com' },
      'from: found a name of other mail APIs; allowed: use senderOverride, an object with email, name or both',
    ],
    [{ headers: { 'john@example.com': 1 } }, 'headers.(a name of 16 characters): found 1; allowed: a text'],
    [{ subject: 'half \ud800' }, 'subject: found half a surrogate pair; allowed: Unicode text'],
    [{ sendAt: new Date(Number.NaN) }, 'sendAt: found an invalid Date; allowed: a time'],
    [{ subject: 'a\n' }, 'subject: found a text of 2 characters; allowed: what matches ^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$'],
  ];
  for (const [fields, message] of expected) {
    await assert.rejects(new FakeSESMailClient().send({ ...GOOD, ...fields }), { message });
  }
});

test('template data that JSON would lose or change is rejected by its place', async () => {
  for (const price of [Number.NaN, 10n, new Map(), new Date(), () => 1, undefined]) {
    const email = { ...GOOD, templateData: { items: [{}, [price]] } };
    await assert.rejects(new FakeSESMailClient().send(email), /templateData\.items\[1\]\[0\]: found /);
  }
  const endless: unknown[] = [];
  endless.push(endless);
  await assert.rejects(new FakeSESMailClient().send({ ...GOOD, templateData: { endless } }), /more than 200 levels/);
});

test('what is undefined is absent, and an object of a class is an object', async () => {
  class Order {
    constructor(readonly id: number, readonly note?: string) {}
  }
  const emails = new FakeSESMailClient();
  await emails.send({ ...GOOD, templateData: { order: new Order(4711) } });
  assert.deepEqual(emails.sent[0]!.request.templateData, { order: { id: 4711 } });
});
