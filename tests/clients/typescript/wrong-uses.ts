// What the compiler must reject: an expected error that it does not find is an error of its own.

import { type EmailFailed, parseStatus, type SESMailClient } from '@sesmail/client';
import { FakeSESMailClient } from '@sesmail/client/testing';

const emails: SESMailClient = new FakeSESMailClient('shop.orders');
const good = { to: 'john@example.com', templateName: 'welcome' };

// a wrong field
// @ts-expect-error
await emails.send({ to: 'john@example.com', template: 'welcome' });
// @ts-expect-error
await emails.send({ to: 'john@example.com', templateName: 'welcome', template_data: {} });
// @ts-expect-error
await emails.send({ templateName: 'welcome' });
// @ts-expect-error
await emails.send({ ...good, senderOverride: { mail: 'shop@example.com' } });
// @ts-expect-error
await emails.sendMany([good]);

// a wrong type
// @ts-expect-error
await emails.send({ ...good, to: ['john@example.com'] });
// @ts-expect-error
await emails.send({ ...good, cc: 'jane@example.com' });
// @ts-expect-error
await emails.send({ ...good, priority: 'urgent' });
// @ts-expect-error
await emails.send({ ...good, sendAt: 1795516260 });
// @ts-expect-error
await emails.cancel({ emailId: 4711 });
// @ts-expect-error
await emails.requestUnsubscribe({ email: ['ada@example.com'] });
// @ts-expect-error
await emails.requestUnsubscribe({ emailId: 'news-1', topic: 'weekly-digest' });
// @ts-expect-error
await emails.requestUnsubscribe({ address: 'ada@example.com' });

// a wrong status, and a field that this status does not have
const event = parseStatus({});
// @ts-expect-error
if (event.status === 'exploded') console.log('never');
// @ts-expect-error
if (event.status === 'bounced') console.log(event.errorType);
// @ts-expect-error
console.log(event.errorMessage);
// @ts-expect-error
export const failed: EmailFailed = event;
