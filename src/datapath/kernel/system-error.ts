/** Telling refusals of the kernel from faults of ours. */
import type { SystemError } from "../../addon/addon.js";

/** True for what the addon throws when a system call fails. */
export function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    "errno" in error &&
    typeof error.errno === "number" &&
    "syscall" in error &&
    typeof error.syscall === "string"
  );
}
