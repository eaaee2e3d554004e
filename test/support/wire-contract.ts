/** The published P4Runtime contract as data: what `proto/` must compile to. */

import { z } from "zod";
import { readText } from "./repository.js";

const field = z.strictObject({
  number: z.int(),
  /** A scalar type, or the full name of a message or enum. */
  type: z.string(),
  repeated: z.literal(true).optional(),
  oneof: z.string().optional(),
  deprecated: z.literal(true).optional(),
});
const message = z.strictObject({ mapEntry: z.literal(true).optional(), fields: z.record(z.string(), field) });
const method = z.strictObject({
  request: z.string(),
  response: z.string(),
  clientStreaming: z.literal(true).optional(),
  serverStreaming: z.literal(true).optional(),
});
const contract = z.strictObject({
  messages: z.record(z.string(), message),
  enums: z.record(z.string(), z.record(z.string(), z.int())),
  services: z.record(z.string(), z.record(z.string(), method)),
});

export type ContractField = z.infer<typeof field>;
export type ContractMessage = z.infer<typeof message>;
export type Contract = z.infer<typeof contract>;

/** Messages, enums and services by full name; maps are repeated entries, as on the wire. */
export const wireContract: Contract = contract.parse(JSON.parse(readText("test/support/wire-contract.json")));
