import type { PutEventsCommand } from '@aws-sdk/client-eventbridge';

import { type Email, type Events, SESMailClient } from '../src/index.js';

export const GOOD: Email = { to: 'john@example.com', templateName: 'welcome' };

/** EventBridge that does not take an email as many times as given, and records every call. */
export class Bus implements Events {
  readonly calls: Record<string, unknown>[][] = [];

  constructor(private readonly refusals: Record<string, string[]> = {}) {}

  async send(command: PutEventsCommand) {
    const entries = command.input.Entries ?? [];
    if (entries.length < 1 || entries.length > 10) throw new Error(`${entries.length} entries`);
    this.calls.push(entries.map((entry) => ({ ...entry })));
    return { Entries: entries.map((entry) => this.answer(JSON.parse(String(entry.Detail)))) };
  }

  protected answer(detail: Record<string, unknown>) {
    const ErrorCode = this.refusals[String(detail.emailId)]?.shift();
    return ErrorCode ? { ErrorCode, ErrorMessage: 'not now' } : { EventId: '7e1c' };
  }

  get details(): Record<string, unknown>[][] {
    return this.calls.map((call) => call.map((entry) => JSON.parse(String(entry.Detail))));
  }

  get ids(): unknown[][] {
    return this.details.map((call) => call.map((detail) => detail.emailId));
  }
}

/** A client that does not wait between its tries. */
export class PatientClient extends SESMailClient {
  readonly pauses: number[] = [];

  protected override async pause(milliseconds: number): Promise<void> {
    this.pauses.push(milliseconds);
  }
}
