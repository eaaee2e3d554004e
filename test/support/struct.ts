/** `google.protobuf.Struct` as plain values, by the protobuf library's own description of it. */
import protobuf from "protobufjs";

const struct = protobuf.Root.fromJSON(protobuf.common.get("google/protobuf/struct.proto") ?? {}).lookupType("Struct");

interface Value {
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: Struct;
  readonly listValue?: { readonly values?: readonly Value[] };
}

interface Struct {
  readonly fields?: Readonly<Record<string, Value>>;
}

/** The fields of a serialized Struct. */
export function decodeStruct(bytes: Uint8Array): unknown {
  return plainStruct(struct.toObject(struct.decode(bytes)));
}

function plainStruct({ fields = {} }: Struct): unknown {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainValue(value)]));
}

function plainValue({ structValue, listValue, ...scalar }: Value): unknown {
  if (structValue) return plainStruct(structValue);
  if (listValue) return (listValue.values ?? []).map(plainValue);
  return scalar.stringValue ?? scalar.numberValue ?? scalar.boolValue;
}
