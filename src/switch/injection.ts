/** Frames injected on a port of a software switch, and the fate of every frame. */
import { failedPrecondition, invalidArgument, unimplemented } from "../base/status.js";
import { toHex } from "../base/hex.js";
import type { FrameResult, Injector, ResultBacklog } from "../datapath/injector.js";
import { ordinaryPort } from "../datapath/port.js";
import type { PortId } from "../datapath/port.js";
import { portBytes, portFromText } from "../entity/port-number.js";
import { portTranslation } from "../pipeline/index-p4info.js";
import type { ValueFormat } from "../pipeline/pipeline.js";
import type { Switch } from "./switch.js";

/** A port as an injecting client names it: by number, or in the controller's form. */
export type IngressPort =
  { readonly kind: "number"; readonly port: number } | { readonly kind: "translated"; readonly value: Uint8Array };

/** Largest frame taken, in bytes; no Ethernet is longer. */
const maxInjectedBytes = 65_535;

/** The software switch behind `device`. @throws StatusError UNIMPLEMENTED if the device has real ports */
function injectorOf(device: Switch): Injector {
  if (device.injector === undefined)
    throw unimplemented(
      `device ${device.deviceId}: datapath '${device.datapath.capabilities.backend}' takes no injected frames, only 'soft' does`,
    );
  return device.injector;
}

/**
 * Processes a frame as received on a port, at once.
 * @throws StatusError FAILED_PRECONDITION without pipeline or translation, INVALID_ARGUMENT for an unknown port or a frame
 *   of more than 65,535 bytes
 */
export function injectFrame(device: Switch, ingress: IngressPort, frame: Uint8Array): FrameResult {
  const injector = injectorOf(device);
  const program = device.active;
  if (program === undefined) throw failedPrecondition("no forwarding pipeline is committed");
  if (frame.length > maxInjectedBytes)
    throw invalidArgument(`the frame has ${frame.length} bytes; at most ${maxInjectedBytes} are possible`);
  const port = ingress.kind === "number" ? ingress.port : translatedPort(device, ingress.value);
  const result = injector.inject(port as PortId, frame); // an unknown one is answered
  if (result !== "unknown-port") return result;
  const known = device.datapath.stats().ports.flatMap(({ id }) => ordinaryPort(id) ?? []);
  throw invalidArgument(`there is no port ${port}; device ${device.deviceId} has ${known.join(", ") || "none"}`, {
    port,
  });
}

/** Every result from now on. @throws SubscriberTooSlow from the iteration when more than `backlog` would wait */
export function frameResults(device: Switch, signal: AbortSignal, backlog: ResultBacklog): AsyncIterable<FrameResult> {
  return injectorOf(device).results(signal, backlog);
}

/** `port` in the controller's form; undefined if the pipeline does not translate ports. */
export function controllerPort(device: Switch, port: number): Uint8Array | undefined {
  const format = translation(device);
  if (format === undefined) return undefined;
  return format.kind === "sdn-string" ? Buffer.from(port.toString()) : portBytes(port);
}

function translation(device: Switch): ValueFormat | undefined {
  return device.active && portTranslation(device.active.pipeline.spec);
}

function translatedPort(device: Switch, value: Uint8Array): number {
  const format = translation(device);
  if (format === undefined)
    throw failedPrecondition("the pipeline does not translate ports: give dataplane_ingress_port");
  if (format.kind === "sdn-string") {
    const port = portFromText(value);
    if (port === 0) throw invalidArgument(`p4rt_ingress_port '${Buffer.from(value).toString()}' is no port`);
    return port;
  }
  if (value.length === 0) throw invalidArgument("p4rt_ingress_port is empty");
  const port = value.reduce((sum, byte) => sum * 256 + byte, 0);
  if (port > 0xffffffff) throw invalidArgument(`p4rt_ingress_port 0x${toHex(value)} is no port`);
  return port;
}
