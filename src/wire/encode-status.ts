/** Outcomes of a batch → `google.rpc.Status` with one `p4.v1.Error` per element. */
import { clip } from "../base/clip.js";
import type { Status } from "../base/status.js";
import { ByteWriter } from "./byte-writer.js";
import { errorSpace } from "./encode-stream.js";

const typeUrl = "type.googleapis.com/p4.v1.Error";
const writer = new ByteWriter();

/**
 * A slot of a successful element is code 0 and nothing else (ERR-05, AMB-54).
 * @param limit longest message of a slot, in UTF-16 units; 0 leaves messages and space out
 */
export function encodeBatchStatus(
  code: number,
  message: string,
  results: readonly (Status | undefined)[],
  limit: number,
): Buffer {
  writer.reset();
  writer.tag(0x08);
  writer.int32(code);
  writer.stringField(0x12, message);
  for (const result of results) {
    const any = writer.open(0x1a);
    writer.stringField(0x0a, typeUrl);
    if (result !== undefined) {
      const error = writer.open(0x12);
      writer.tag(0x08);
      writer.int32(result.code);
      if (limit > 0) {
        writer.stringField(0x12, clip(result.message, limit));
        writer.stringField(0x1a, errorSpace);
        if (result.number !== undefined) {
          writer.tag(0x20);
          writer.int32(result.number);
        }
      }
      writer.close(error);
    }
    writer.close(any);
  }
  return writer.take();
}
