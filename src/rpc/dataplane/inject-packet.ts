/** `InjectPacket`: one frame in, its fate out. */
import { controllerPort, injectFrame } from "../../switch/injection.js";
import type { Switch } from "../../switch/switch.js";
import { decodeInjectRequest, encodeInjectResponse, ingressOf } from "../../wire/dataplane.js";

/** @throws StatusError INVALID_ARGUMENT or FAILED_PRECONDITION */
export function injectPacket(device: Switch, request: Buffer): Buffer {
  const decoded = decodeInjectRequest(request);
  const { outputs } = injectFrame(device, ingressOf(decoded), decoded.payload);
  return encodeInjectResponse(
    outputs.map(({ port, frame }) => ({ port, frame, controllerPort: controllerPort(device, port) })),
  );
}
