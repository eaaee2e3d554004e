/** One message of a server stream, and its way out. */
import { cancelled, resourceExhausted } from "../base/status.js";
import type { ServerStreamCall } from "./context.js";

/**
 * Resolves when `call` has taken `message` and may take another: at most one waits outside the bounds of `outgoing`.
 * @throws StatusError CANCELLED when `gone` aborts first, RESOURCE_EXHAUSTED if the client takes nothing for `patienceMs`
 */
export async function sent(
  call: ServerStreamCall,
  message: Buffer,
  gone: AbortSignal,
  patienceMs?: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let left: () => void = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      left = () => reject(cancelled("the client went away"));
      if (gone.aborted) left();
      gone.addEventListener("abort", left);
      call.write(message, () => resolve());
      if (patienceMs === undefined) return;
      const stuck = resourceExhausted(`the client has read nothing for ${patienceMs / 1000} s`);
      timer = setTimeout(() => reject(stuck), patienceMs);
    });
  } finally {
    clearTimeout(timer);
    gone.removeEventListener("abort", left);
  }
}
