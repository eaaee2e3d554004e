/** A listener cannot bind: exit 71. */
export class ListenError extends Error {
  override readonly name = "ListenError";

  /** @param address where it was to listen */
  constructor(address: string, cause: unknown) {
    super(`cannot listen on ${address}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
