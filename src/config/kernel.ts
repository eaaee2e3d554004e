/** What the kernel datapath and Linux allow, as far as a configuration can break it. */

/** Keys of the kernel's rule table at most. */
export const maxKernelRules = 1_048_576;
/** Ports of one device at most; the datapath's CPU port takes the last of its 1,024 places. */
export const maxKernelPorts = 1_023;
/** Distinct masks of one device at most. */
export const maxKernelMasks = 4_096;
/** Policed queues at most. */
export const maxKernelQueues = 64;

/** In words, what `readNetdev` takes. */
export const netdevAllowed = "1 to 15 bytes without space, /, : or %, and neither . nor ..";

/** `value` if a Linux interface can have it as its name. @see Linux net/core/dev.c, dev_valid_name */
export function readNetdev(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "." || value === "..") return undefined;
  const bytes = Buffer.byteLength(value);
  // A % is no part of a name but asks the kernel to fill in a number.
  return bytes >= 1 && bytes <= 15 && !/[\s/:%\p{Cc}]/u.test(value) ? value : undefined;
}

/** The absolute path of the network namespace that `value` names. @see ip-netns(8) */
export function netnsPath(value: unknown): string | undefined {
  if (typeof value !== "string" || value.includes("\0") || value.length > 4_000) return undefined;
  if (/^\/./.test(value)) return value;
  return /^[^/\s]{1,255}$/.test(value) && value !== "." && value !== ".." ? `/run/netns/${value}` : undefined;
}
