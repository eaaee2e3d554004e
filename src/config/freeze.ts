/** Values that nobody can change. */

/** `value`, frozen to the last level. Only for plain objects, lists and scalars, without cycles. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
