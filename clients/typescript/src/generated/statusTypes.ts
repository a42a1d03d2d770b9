// Generated from docs/schemas by `make docs`: do not edit.

/** What every status event has. */
export interface StatusEventFields {
  emailId: string;
  recordId: string;
  toEmail?: string;
  recipientType?: 'cc' | 'bcc';
  timestamp: string;
  originalSource?: string;
  templateName?: string;
  subject?: string;
  sesMessageId?: string;
  metadata?: Readonly<Record<string, unknown>>;
  tags?: readonly string[];
  topic?: string;
  attempt: number;
  eventId: string;
  previousStatus?: string;
  sink?: boolean;
  redirectedTo?: string;
}

/** An event with the status `deferred`. */
export interface EmailDeferred extends StatusEventFields {
  status: 'deferred';
  reason: string;
  until: string;
}

/** An event with the status `sent`. */
export interface EmailSent extends StatusEventFields {
  status: 'sent';
  unknownFields?: readonly string[];
}

/** An event with the status `delayed`. */
export interface EmailDelayed extends StatusEventFields {
  status: 'delayed';
  diagnosticCode?: string;
  reason?: string;
  until?: string;
}

/** An event with the status `failed`. */
export interface EmailFailed extends StatusEventFields {
  status: 'failed';
  errorType: string;
  errorMessage: string;
  conflictsWith?: string;
}

/** An event with the status `soft_bounced`. */
export interface EmailSoftBounced extends StatusEventFields {
  status: 'soft_bounced';
  bounceType?: string;
  bounceSubType?: string;
  bounceReason?: string;
  diagnosticCode?: string;
  bounceClass?: 'hard' | 'message_fault' | 'not_attempted' | 'sender_fault' | 'soft';
}

/** An event with the status `delivered`. */
export interface EmailDelivered extends StatusEventFields {
  status: 'delivered';
}

/** An event with the status `opened`. */
export interface EmailOpened extends StatusEventFields {
  status: 'opened';
  machine: boolean;
}

/** An event with the status `clicked`. */
export interface EmailClicked extends StatusEventFields {
  status: 'clicked';
  link?: string;
  machine: boolean;
}

/** An event with the status `bounced`. */
export interface EmailBounced extends StatusEventFields {
  status: 'bounced';
  bounceType?: string;
  bounceSubType?: string;
  bounceReason?: string;
  diagnosticCode?: string;
  bounceClass?: 'hard' | 'message_fault' | 'not_attempted' | 'sender_fault' | 'soft';
}

/** An event with the status `complained`. */
export interface EmailComplained extends StatusEventFields {
  status: 'complained';
  complaintFeedbackType?: string;
}

export type StatusEvent =
  | EmailDeferred
  | EmailSent
  | EmailDelayed
  | EmailFailed
  | EmailSoftBounced
  | EmailDelivered
  | EmailOpened
  | EmailClicked
  | EmailBounced
  | EmailComplained;

export type Status = StatusEvent['status'];
