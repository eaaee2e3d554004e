/** `SubscribeResults`: the fate of every frame from the moment `active` is sent. */
import { resourceExhausted, StatusError, type Status } from "../../base/status.js";
import { controllerPort, frameResults } from "../../switch/injection.js";
import type { Switch } from "../../switch/switch.js";
import { encodeResult, encodeSubscriptionActive } from "../../wire/dataplane.js";
import type { RpcContext, ServerStreamCall } from "../context.js";
import { sent } from "../sent.js";
import { serviceError } from "../unary.js";

/** What may wait for one subscriber. */
const backlog = { results: 16_384, bytes: 8 * 1024 * 1024 };

export async function subscribeResults(
  context: RpcContext,
  device: () => Switch,
  call: ServerStreamCall,
): Promise<void> {
  const gone = new AbortController();
  call.on("cancelled", () => gone.abort());
  let dismissed: StatusError | undefined;
  const running = {
    end: (status: Status) => {
      dismissed = new StatusError(status);
      gone.abort();
    },
  };
  context.streams.add(running);
  try {
    const from = device();
    const results = frameResults(from, gone.signal, backlog);
    call.write(encodeSubscriptionActive());
    for await (const { ingressPort, frame, outputs } of results) {
      const at = (port: number, bytes: Uint8Array) => ({
        port,
        frame: bytes,
        controllerPort: controllerPort(from, port),
      });
      const message = encodeResult(
        at(ingressPort, frame),
        outputs.map((output) => at(output.port, output.frame)),
      );
      await sent(call, message, gone.signal);
    }
    if (dismissed !== undefined) throw dismissed;
    call.end();
  } catch (error) {
    if (dismissed !== undefined && !call.cancelled)
      call.emit("error", serviceError(context, "SubscribeResults", call, dismissed));
    else if (gone.signal.aborted) call.end();
    else call.emit("error", serviceError(context, "SubscribeResults", call, tooSlow(error)));
  } finally {
    context.streams.delete(running);
  }
}

/** A subscriber that cannot keep up is told how much it lost. */
function tooSlow(error: unknown): unknown {
  return error instanceof Error && error.name === "SubscriberTooSlow" ? resourceExhausted(error.message) : error;
}
