/** Status codes and errors that reach a peer: what failed, why, and what would be allowed. */

/**
 * The canonical codes of gRPC and `google.rpc.Code`; the two agree.
 * @see P4Runtime §10 Error Reporting Messages
 */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;
export type Code = (typeof Code)[keyof typeof Code];

const names = new Map<number, keyof typeof Code>();
for (const [name, code] of Object.entries(Code)) names.set(code, name as keyof typeof Code);

/** The canonical name of `code`, such as `NOT_FOUND`; `CODE_n` for a number that has none. */
export function codeName(code: Code): keyof typeof Code;
export function codeName(code: number): string;
export function codeName(code: number): string {
  return names.get(code) ?? `CODE_${code}`;
}

/** Values that belong to a message, for programs. */
export type StatusFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** An outcome other than success, as a value. `message` is English text for the developer of the peer. */
export interface Status {
  readonly code: Exclude<Code, 0>;
  readonly message: string;
  readonly fields?: StatusFields;
  /** `code` of `p4.v1.Error` in our space, for programs; see `situation.ts`. */
  readonly number?: number;
}

/** Success, or why not. */
export type Result = { readonly ok: true } | { readonly ok: false; readonly status: Status };

/** Success with a value, or why not. */
export type ResultOf<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly status: Status };

export const ok: Result = { ok: true };

/** Unwinds one decode or one RPC; whoever owns that unit turns it into an answer. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message, options);
    this.name = "StatusError";
    this.status = status;
  }
}

function creator(code: Exclude<Code, 0>): (message: string, fields?: StatusFields) => StatusError {
  return (message, fields) => new StatusError(fields === undefined ? { code, message } : { code, message, fields });
}

export const invalidArgument = creator(Code.INVALID_ARGUMENT);
export const notFound = creator(Code.NOT_FOUND);
export const alreadyExists = creator(Code.ALREADY_EXISTS);
export const permissionDenied = creator(Code.PERMISSION_DENIED);
export const resourceExhausted = creator(Code.RESOURCE_EXHAUSTED);
export const failedPrecondition = creator(Code.FAILED_PRECONDITION);
export const aborted = creator(Code.ABORTED);
export const outOfRange = creator(Code.OUT_OF_RANGE);
export const unimplemented = creator(Code.UNIMPLEMENTED);
export const internal = creator(Code.INTERNAL);
export const unavailable = creator(Code.UNAVAILABLE);
export const cancelled = creator(Code.CANCELLED);

/** The status behind `error` if it is one of ours; anything else is a bug and is rethrown. */
export function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  throw error;
}
