/** `Capabilities`: for anyone who asks (CAP-06). */
import type { DeviceDescription } from "../../switch/device-description.js";
import { maxUpdates } from "../../wire/decode-write.js";
import { deviceCapabilitiesUrl, encodeDeviceCapabilities } from "../../wire/encode-capabilities.js";
import { decodeCapabilitiesRequest, encodeCapabilitiesResponse } from "../../wire/pipeline-config.js";
import { deviceOf, type RpcContext } from "../context.js";

/** The version of P4Runtime we implement (CAP-04, AMB-43). */
export const apiVersion = "1.5.0";

/** Members of `Entity` that are not refused as a kind. */
const entities = [
  "table_entry",
  "action_profile_member",
  "action_profile_group",
  "direct_meter_entry",
  "direct_counter_entry",
  "meter_entry",
  "counter_entry",
  "packet_replication_engine_entry",
];

const enumName = (word: string) => word.toUpperCase().replaceAll("-", "_");

/**
 * Device 0 asks for what the server can do as a whole (CAP-01 … CAP-03). A device tells what it can do, what it takes,
 * and what of the pipeline nothing realises (CAP-05).
 */
export function capabilities(context: RpcContext, bytes: Buffer): Buffer {
  const deviceId = decodeCapabilitiesRequest(bytes);
  if (deviceId === 0n) return encodeCapabilitiesResponse(apiVersion);
  const value = encodeDeviceCapabilities(deviceCapabilities(context, deviceOf(context, deviceId).description));
  return encodeCapabilitiesResponse(apiVersion, { typeUrl: deviceCapabilitiesUrl, value });
}

function deviceCapabilities({ build, maxMessageBytes }: RpcContext, device: DeviceDescription) {
  return {
    build,
    backend: device.backend,
    atomicities: device.atomicities.map(enumName),
    entities,
    keyFields: device.keyFields.map(({ name, width, kinds }) => ({ name, width, matchKinds: kinds.map(enumName) })),
    verdicts: device.verdicts,
    limits: {
      masksPerTable: device.maxMasks,
      updatesPerWrite: maxUpdates,
      messageBytes: maxMessageBytes,
      frameBytes: device.maxFrameBytes,
      multicastGroups: device.maxMulticastGroups,
      cloneSessions: device.maxCloneSessions,
      replicas: device.maxReplicas,
      totalReplicas: device.maxTotalReplicas,
    },
    features: device.features,
    tables: device.tables.map(({ id, name, entries, fields, unrealised }) => ({
      id,
      name,
      entries,
      match: fields.map((field) => ({
        name: field.name,
        matchKind: enumName(field.kind),
        keyField: field.key ?? "",
      })),
      unrealised,
    })),
  };
}
