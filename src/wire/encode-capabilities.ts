/** What a device can do → `p4rtd.v1.DeviceCapabilities`. @see proto/p4rtd/v1/capabilities.proto */
import { ByteWriter } from "./byte-writer.js";

export const deviceCapabilitiesUrl = "type.googleapis.com/p4rtd.v1.DeviceCapabilities";

/** The fields of the message, by their names there in camel case. */
export interface DeviceCapabilities {
  readonly build: { readonly version: string; readonly platform: string; readonly runtime: string };
  readonly backend: string;
  readonly atomicities: readonly string[];
  readonly entities: readonly string[];
  readonly keyFields: readonly {
    readonly name: string;
    readonly width: number;
    readonly matchKinds: readonly string[];
  }[];
  readonly verdicts: readonly string[];
  readonly limits: {
    readonly masksPerTable: number;
    readonly updatesPerWrite: number;
    readonly messageBytes: number;
    readonly frameBytes: number;
    readonly multicastGroups: number;
    readonly cloneSessions: number;
    readonly replicas: number;
    readonly totalReplicas: number;
  };
  readonly features: readonly string[];
  readonly tables: readonly {
    readonly id: number;
    readonly name: string;
    readonly entries: number;
    readonly match: readonly { readonly name: string; readonly matchKind: string; readonly keyField: string }[];
    readonly unrealised: readonly string[];
  }[];
}

/** The message in wire form. */
export function encodeDeviceCapabilities(device: DeviceCapabilities): Buffer {
  const writer = new ByteWriter();
  const message = (tag: number, fields: () => void) => {
    const body = writer.open(tag);
    fields();
    writer.close(body);
  };
  const text = (tag: number, value: string) => {
    if (value !== "") writer.stringField(tag, value);
  };
  const texts = (tag: number, values: readonly string[]) => {
    for (const value of values) writer.stringField(tag, value);
  };
  const number = (tag: number, value: number) => {
    if (value === 0) return;
    writer.tag(tag);
    writer.uint64(BigInt(value));
  };
  const { build, limits } = device;
  message(0x0a, () => {
    text(0x0a, build.version);
    text(0x12, build.platform);
    text(0x1a, build.runtime);
  });
  text(0x12, device.backend);
  texts(0x1a, device.atomicities);
  texts(0x22, device.entities);
  for (const { name, width, matchKinds } of device.keyFields)
    message(0x2a, () => {
      text(0x0a, name);
      number(0x10, width);
      texts(0x1a, matchKinds);
    });
  texts(0x32, device.verdicts);
  message(0x3a, () => {
    number(0x08, limits.masksPerTable);
    number(0x10, limits.updatesPerWrite);
    number(0x18, limits.messageBytes);
    number(0x20, limits.frameBytes);
    number(0x28, limits.multicastGroups);
    number(0x30, limits.cloneSessions);
    number(0x38, limits.replicas);
    number(0x40, limits.totalReplicas);
  });
  for (const { id, name, entries, match, unrealised } of device.tables)
    message(0x42, () => {
      number(0x08, id);
      text(0x12, name);
      number(0x18, entries);
      for (const field of match)
        message(0x22, () => {
          text(0x0a, field.name);
          text(0x12, field.matchKind);
          text(0x1a, field.keyField);
        });
      texts(0x2a, unrealised);
    });
  texts(0x4a, device.features);
  return writer.take();
}
