// What the compiler must accept.

import { type EmailOfMany, parseStatus, SESMailClient, type StatusEvent } from '@sesmail/client';

interface Order {
  id: number;
  total: string;
}

export async function sendAll(emails: SESMailClient, order: Order): Promise<string[]> {
  const one: string = await emails.send({
    to: 'john@example.com',
    templateName: 'invoice',
    templateData: order,
    senderOverride: { name: 'Shop' },
    replyTo: ['help@example.com'],
    attachments: [{ filename: 'invoice.pdf', contentBase64: 'JVBERi0=' }],
    headers: { 'X-Campaign': 'spring' },
    listUnsubscribe: { url: 'https://example.com/u' },
    priority: 'bulk',
    sendAt: new Date(),
    expiresAt: '2026-12-01T14:00:00+01:00',
    tags: ['spring-sale'] as const,
    subject: null,
    about: 'invoice 2026-0001',
  });
  return [one, ...(await emails.sendMany(newsletter(), { progress: (accepted: number) => void accepted }))];
}

export async function leave(emails: SESMailClient): Promise<void> {
  await emails.requestUnsubscribe({ about: 'newsletter 1 to ada@example.com' });
  await emails.requestUnsubscribe({ email: 'ada@example.com', topic: 'weekly-digest' });
}

function* newsletter(): Generator<EmailOfMany> {
  yield { to: 'reader@example.com', templateName: 'welcome', emailId: 'newsletter:1' };
  yield { to: 'reader@example.com', templateName: 'welcome', about: 'newsletter 2' };
}

export function handle(event: unknown): string | undefined {
  const found: StatusEvent = parseStatus(event);
  switch (found.status) {
    case 'failed':
      return `${found.errorType}: ${found.errorMessage}`;
    case 'deferred':
      return found.until;
    case 'bounced':
    case 'soft_bounced':
      return found.bounceClass;
    case 'opened':
    case 'clicked':
      return String(found.machine);
    case 'sent':
    case 'delayed':
    case 'delivered':
    case 'complained':
      return found.toEmail;
    default: {
      const never: never = found;
      return never;
    }
  }
}
