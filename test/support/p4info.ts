/** Published P4Infos, from text format to bytes, by the library's reflection and not by our decoder. */
import { join } from "node:path";
import protobuf from "protobufjs";
import textformat from "protobufjs/ext/textformat.js";
import { readText, root as checkout } from "./repository.js";

/** The programs in `test/support/p4info/`. */
export type PublishedProgram = "wbb" | "sai-wbb" | "middleblock";

const cache = new Map<string, Uint8Array>();
let type: protobuf.Type | undefined;

function p4InfoType(): protobuf.Type {
  if (type !== undefined) return type;
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(checkout, "proto", target);
  root.loadSync("p4/config/v1/p4info.proto", { keepCase: true }).resolveAll();
  return (type = root.lookupType("p4.config.v1.P4Info"));
}

/** A serialized `p4.config.v1.P4Info` from its text form. */
export function encodeP4InfoText(text: string): Uint8Array {
  return p4InfoType().encode(textformat.fromText(p4InfoType(), text)).finish();
}

/** The serialized P4Info of a published program. */
export function loadP4Info(name: PublishedProgram): Uint8Array {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const bytes = encodeP4InfoText(readText(`test/support/p4info/${name}.p4info.pb.txt`));
  cache.set(name, bytes);
  return bytes;
}
