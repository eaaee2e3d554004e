/** Tags: the number of a field and the shape of its value on the wire. */

/**
 * Shapes of values; 6 and 7 are reserved.
 * @see https://protobuf.dev/programming-guides/encoding/#structure
 */
export const WireType = { varint: 0, fixed64: 1, delimited: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;
export type WireType = (typeof WireType)[keyof typeof WireType];

/** The largest field number a tag can carry. */
export const maxFieldNumber = 2 ** 29 - 1;

/** The tag of field `fieldNumber`, 1 .. `maxFieldNumber`, as the uint32 that `ByteReader.tag` returns and `ByteWriter` takes. */
export function tagOf(fieldNumber: number, wireType: WireType): number {
  return ((fieldNumber << 3) | wireType) >>> 0;
}
