/** Checks that must hold whatever a peer sends. */

/** State may be wrong: the process must not keep serving. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** @throws InvariantError with `message` unless `condition` holds */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** `value`, known to be there. @throws InvariantError with `message` if it is not */
export function defined<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new InvariantError(message);
  return value;
}

/** Ends a `switch` over one of our unions: a new variant stops compiling here. */
export function absurd(value: never): never {
  throw new InvariantError(`unexpected variant ${JSON.stringify(value)}`);
}
