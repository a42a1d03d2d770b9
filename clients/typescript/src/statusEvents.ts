// Read the engine's status events.

import { InvalidStatusEventError } from './errors.js';
import { eventSchema } from './generated/schemas.js';
import type { StatusEvent } from './generated/statusTypes.js';
import { describe, jsonType, type Schema } from './schemaCheck.js';

export const DETAIL_TYPE = 'Email Status Changed';

const schema = eventSchema.$defs[eventSchema.$ref.slice(eventSchema.$ref.lastIndexOf('/') + 1)] as Schema;
const properties = schema.properties ?? {};
const statuses = properties.status?.enum ?? [];

/**
 * Return the status event; compare its `status`, and the compiler knows the fields that this status has. Takes what a
 * Lambda function gets from EventBridge, its text as it is in an SQS message's body, or the bare detail. Fields that this
 * version does not know are left as they are. Throws InvalidStatusEventError.
 */
export function parseStatus(event: unknown): StatusEvent {
  const detail = detailOf(typeof event === 'string' ? parsed(event) : event);
  const status = detail.status;
  if (typeof status !== 'string' || !statuses.includes(status)) {
    const found = typeof status === 'string' ? status.slice(0, 40) : describe(status);
    throw new InvalidStatusEventError(
      `status: found ${found}; allowed: ${statuses.join(', ')}. A newer engine may have more: update the client.`,
    );
  }
  const rules = (schema.allOf ?? []).filter((rule) => rule.if.properties.status.const === status);
  for (const name of [...(schema.required ?? []), ...rules.flatMap((rule) => rule.then.required)]) {
    if (detail[name] === undefined) {
      throw new InvalidStatusEventError(`${name}: found nothing; allowed: every event with this status has it`);
    }
  }
  for (const [name, rule] of Object.entries(properties)) {
    // The type alone: an engine may add values to what this version knows as all of them.
    if (detail[name] !== undefined && jsonType(detail[name]) !== rule.type) {
      throw new InvalidStatusEventError(`${name}: found ${describe(detail[name])}; allowed: ${rule.type}`);
    }
  }
  return detail as unknown as StatusEvent;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidStatusEventError('The event is no JSON.', { cause: error });
  }
}

function detailOf(event: unknown): Record<string, unknown> {
  if (!isObject(event)) throw new InvalidStatusEventError(`event: found ${describe(event)}; allowed: an object`);
  if (!('detail' in event)) return event;
  if (event['detail-type'] !== DETAIL_TYPE) {
    const found = String(event['detail-type']).slice(0, 60);
    throw new InvalidStatusEventError(`detail-type: found ${found}; allowed: ${DETAIL_TYPE}`);
  }
  if (!isObject(event.detail)) {
    throw new InvalidStatusEventError(`detail: found ${describe(event.detail)}; allowed: an object`);
  }
  return event.detail;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return jsonType(value) === 'object';
}
