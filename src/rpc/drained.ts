/** Waits until a server stream takes more. */
import { cancelled } from "../base/status.js";
import type { ServerStreamCall } from "./context.js";

/** Resolves when `call` takes more messages. @throws StatusError CANCELLED when `gone` aborts first */
export async function drained(call: ServerStreamCall, gone: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const left = () => reject(cancelled("the client went away"));
    if (gone.aborted) return left();
    gone.addEventListener("abort", left, { once: true });
    call.once("drain", () => {
      gone.removeEventListener("abort", left);
      resolve();
    });
  });
}
