/** `Capabilities`: for anyone who asks (CAP-06). */
import { decodeCapabilitiesRequest, encodeCapabilitiesResponse } from "../../wire/pipeline-config.js";
import { deviceOf, type RpcContext } from "../context.js";

/** The version of P4Runtime we implement (CAP-04, AMB-43). */
export const apiVersion = "1.5.0";

/**
 * Device 0 asks for what the server can do as a whole (CAP-01 … CAP-03). A device tells its limits, and what of the
 * pipeline nothing realises (CAP-05).
 */
export function capabilities(context: RpcContext, bytes: Buffer): Buffer {
  const deviceId = decodeCapabilitiesRequest(bytes);
  if (deviceId === 0n) return encodeCapabilitiesResponse(apiVersion);
  const { backend, maxMasks, tables } = deviceOf(context, deviceId).limits;
  return encodeCapabilitiesResponse(apiVersion, {
    backend,
    max_masks: maxMasks,
    tables: Object.fromEntries(
      tables.map(({ name, entries, unrealised }) => [name, { entries, ...(unrealised.length > 0 && { unrealised }) }]),
    ),
  });
}
