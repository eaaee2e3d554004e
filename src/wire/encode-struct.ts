/** Plain values → `google.protobuf.Struct`, the message that needs no schema of ours. */
import type { ByteWriter } from "./byte-writer.js";

/** What a Struct can hold, but null. */
export type StructValue = string | number | boolean | readonly StructValue[] | StructFields;

export interface StructFields {
  readonly [key: string]: StructValue;
}

export const structTypeUrl = "type.googleapis.com/google.protobuf.Struct";

/** Writes the fields of a Struct, in their order. */
export function writeStruct(writer: ByteWriter, fields: StructFields): void {
  for (const [key, value] of Object.entries(fields)) {
    const field = writer.open(0x0a);
    writer.stringField(0x0a, key);
    writeValue(writer, 0x12, value);
    writer.close(field);
  }
}

function writeValue(writer: ByteWriter, tag: number, value: StructValue): void {
  const body = writer.open(tag);
  if (typeof value === "string") writer.stringField(0x1a, value);
  else if (typeof value === "number") {
    writer.tag(0x11);
    writer.raw(new Uint8Array(Float64Array.of(value).buffer)); // little-endian, as every machine Node runs on
  } else if (typeof value === "boolean") {
    writer.tag(0x20);
    writer.bool(value);
  } else {
    const inner = writer.open(isList(value) ? 0x32 : 0x2a);
    if (isList(value)) for (const item of value) writeValue(writer, 0x0a, item);
    else writeStruct(writer, value);
    writer.close(inner);
  }
  writer.close(body);
}

function isList(value: readonly StructValue[] | StructFields): value is readonly StructValue[] {
  return Array.isArray(value);
}
