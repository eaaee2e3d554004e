/** What a record has in a field, as people read it. */
import { clip } from "../base/clip.js";
import type { RecordLayout } from "../entity/record-layout.js";
import { textOf } from "../entity/record-layout.js";
import { bigintReader } from "./compiler.js";
import type { Match, Scalar, Value } from "./operand.js";

/** Longest text shown, in UTF-16 units. */
const textShown = 64;

/**
 * `value` in `record`: numbers of bits as `0x1f`, whole numbers as `12`, texts as `"Ethernet0"`; a whole match field as
 * `0x1`, `0x1 &&& 0xff`, `0xa000000/8`, `0x1..0xff`, or `any` where it matches everything.
 */
export function showValue(value: Value, layout: RecordLayout, record: Uint8Array): string {
  return value.kind === "scalar" ? showScalar(value, layout, record) : showMatch(value, layout, record);
}

function showScalar({ term, width }: Scalar, layout: RecordLayout, record: Uint8Array): string {
  if (term.kind === "text") return showText(textOf(record, layout, term.index));
  const number = bigintReader(term, layout)(record);
  return typeof width === "number" ? `0x${number.toString(16)}` : number.toString();
}

function showMatch({ match, parts, width }: Match, layout: RecordLayout, record: Uint8Array): string {
  const part = (name: string): string => {
    const scalar = parts.get(name);
    return scalar === undefined ? "" : showScalar(scalar, layout, record);
  };
  switch (match) {
    case "exact":
      return part("value");
    case "ternary":
      if (width === "text") return part("mask") === "0" ? "any" : part("value");
      return part("mask") === "0x0" ? "any" : `${part("value")} &&& ${part("mask")}`;
    case "optional":
      return part("mask") === (width === "text" ? "0" : "0x0") ? "any" : part("value");
    case "lpm":
      return part("prefix_length") === "0" ? "any" : `${part("value")}/${part("prefix_length")}`;
    case "range": {
      const everything = typeof width === "number" ? (1n << BigInt(width)) - 1n : 0n;
      const [low, high] = [part("low"), part("high")];
      return low === "0x0" && high === `0x${everything.toString(16)}` ? "any" : `${low}..${high}`;
    }
  }
}

function showText(text: Uint8Array): string {
  return JSON.stringify(clip(new TextDecoder().decode(text), textShown));
}
