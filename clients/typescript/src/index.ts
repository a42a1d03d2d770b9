// Send email through SESMail, and read what became of it: docs/send.md.

export {
  type Cancellation,
  type ClientOptions,
  type Email,
  type EmailOfMany,
  type Events,
  idAbout,
  SESMailClient,
  type Unsubscription,
} from './client.js';
export {
  InvalidEmailError,
  InvalidStatusEventError,
  NotAcceptedError,
  type Refused,
  SESMailError,
} from './errors.js';
export type * from './generated/requestTypes.js';
export type * from './generated/statusTypes.js';
export { parseStatus } from './statusEvents.js';
