// Generated from docs/schemas by `make docs`: do not edit.

/** One email that a producer asks for. */
export interface EmailRequest {
  /** An email address (RFC 5321). */
  to: string;
  /** A folder under templates/ in the bucket. */
  templateName: string;
  /** Handed to the template. */
  templateData?: object | null;
  /** Makes a repeated request one email. */
  emailId?: string | null;
  /** Overrides the template's subject. */
  subject?: string | null;
  senderOverride?: Sender | null;
  /** An email address (RFC 5321). */
  replyTo?: string | readonly string[] | null;
  /** Stored, and echoed in every status event; 16 KB. */
  metadata?: object | null;
  cc?: readonly string[] | null;
  bcc?: readonly string[] | null;
  attachments?: readonly Attachment[] | null;
  headers?: Readonly<Record<string, string>> | null;
  /** true: a link of the engine's own page, for bulk mail without cc and bcc. */
  listUnsubscribe?: boolean | ListUnsubscribe | null;
  priority?: Priority | null;
  /** RFC 3339, such as 2026-11-24T10:31:00Z. */
  sendAt?: string | Date | null;
  /** RFC 3339, such as 2026-11-24T10:31:00Z. */
  expiresAt?: string | Date | null;
  /** BCP 47. */
  locale?: string | null;
  sensitive?: boolean | null;
  /** Stored, and echoed in status events. */
  tags?: readonly string[] | null;
  /** What kind of mail it is; default: templateName. */
  topic?: string | null;
}

/** Who the email is from, in place of the template's and the default sender; at least one of the two. */
export interface Sender {
  /** An email address (RFC 5321). */
  email?: string | null;
  name?: string | null;
}

/** A file to go with the email: base64 content, or an S3 object under a prefix that the producer was given. */
export interface Attachment {
  filename: string;
  contentType?: string | null;
  contentBase64?: string | null;
  s3Uri?: string | null;
  contentId?: string | null;
}

/** Where a recipient unsubscribes; an https url also offers one click (RFC 8058). At least one of the two. */
export interface ListUnsubscribe {
  url?: string | null;
  mailto?: string | null;
}

export type Priority = 'bulk' | 'transactional';

/** An email to the recipient alone, or the address, with or without a topic. */
export interface UnsubscribeDetail {
  /** An email to the recipient; it names the topic too. */
  emailId?: string | null;
  /** An email address (RFC 5321). */
  email?: string | null;
  /** What the recipient leaves; absent: all your bulk mail. */
  topic?: string | null;
}
