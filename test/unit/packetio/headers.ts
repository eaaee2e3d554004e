/** Packet headers as published and made-up programs declare them. */
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import type { NewTypeSpec } from "../../../src/pipeline/p4info.js";
import type { Pipeline } from "../../../src/pipeline/pipeline.js";
import { field, header, p4info } from "../../support/p4info-spec.js";
import { published } from "../../support/program-options.js";

/** The headers of wbb: ports are texts, one flag, six bits of padding. */
export const wbb: Pipeline = indexP4Info(published("wbb"));

/** Headers whose port fields are numbers of `width` bits: of a translated type, or plain. */
export function numeric(width: number, type: "translated" | "plain"): Pipeline {
  const newTypes = new Map<string, NewTypeSpec>(
    type === "plain" ? [] : [["port_id_t", { kind: "translated", uri: "p4.org/psa/v1/PortId_t", sdnBitwidth: width }]],
  );
  const port = { bitwidth: width, typeName: type === "plain" ? undefined : "port_id_t" };
  return indexP4Info(
    p4info({
      newTypes,
      packetHeaders: [
        header(0x04000001, "packet_in", [
          field(7, "target_egress_port", port),
          field(3, "ingress_port", port),
          field(5, "reason", { bitwidth: 4 }),
          field(6, "pad", { bitwidth: 3, annotations: ["@padding"] }),
        ]),
        header(0x04000002, "packet_out", [
          field(2, "egress_port", port),
          field(1, "submit_to_ingress", { bitwidth: 1 }),
          field(9, "class", { bitwidth: 10 }),
        ]),
      ],
    }),
  );
}

/** No packet headers at all. */
export const bare: Pipeline = indexP4Info(p4info());
