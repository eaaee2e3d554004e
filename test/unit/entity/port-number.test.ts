import assert from "node:assert/strict";
import { portBytes, portFromText } from "../../../src/entity/port-number.js";

describe("a port in the controller's numbering", () => {
  for (const { text, want } of [
    { text: "1", want: 1 },
    { text: "4294967293", want: 0xffff_fffd },
    { text: "4294967295", want: 0xffff_ffff },
    { text: "4294967296", want: 0 },
    { text: "99999999999", want: 0 },
    { text: "0", want: 0 },
    { text: "01", want: 0 },
    { text: "", want: 0 },
    { text: "-1", want: 0 },
    { text: "1 ", want: 0 },
    { text: "1e3", want: 0 },
    { text: "ethernet-1/1", want: 0 },
  ])
    it(`is ${want === 0 ? "none" : want} if its text is '${text}'`, () =>
      assert.equal(portFromText(Buffer.from(text)), want));

  for (const { port, want } of [
    { port: 0, want: "00" },
    { port: 1, want: "01" },
    { port: 0x1_00, want: "0100" },
    { port: 0xffff_fffd, want: "fffffffd" },
  ])
    it(`is ${want} on the wire if it is ${port}`, () =>
      assert.equal(Buffer.from(portBytes(port)).toString("hex"), want));
});
