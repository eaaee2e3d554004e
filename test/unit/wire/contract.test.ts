import assert from "node:assert/strict";
import { compileProtos } from "../../support/compiled-protos.js";
import { wireContract } from "../../support/wire-contract.js";
import { dataplaneEnums, dataplaneMessages, dataplaneMethods } from "../../support/dataplane-contract.js";

describe("the P4Runtime protos", () => {
  const compiled = compileProtos(["p4/v1/p4runtime.proto", "google/rpc/code.proto"]);

  for (const kind of ["messages", "enums", "services"] as const) {
    it(`define the published ${kind}, none missing and none added`, () =>
      assert.deepEqual(Object.keys(compiled[kind]).sort(), Object.keys(wireContract[kind]).sort()));
  }
  for (const [name, message] of Object.entries(wireContract.messages))
    it(`give ${name} its published fields`, () => assert.deepEqual(compiled.messages[name], message));
  for (const [name, values] of Object.entries(wireContract.enums))
    it(`give enum ${name} its published values`, () => assert.deepEqual(compiled.enums[name], values));
  for (const [name, methods] of Object.entries(wireContract.services))
    it(`give service ${name} its published methods`, () => assert.deepEqual(compiled.services[name], methods));
});

describe("the protos of the injection and trace service", () => {
  const compiled = compileProtos(["fourward/dataplane.proto"]);
  const ours = (name: string) => name.startsWith("fourward.");

  it("define the messages of the contract, none missing and none added", () =>
    assert.deepEqual(
      Object.keys(compiled.messages).filter(ours).sort(),
      [...Object.keys(dataplaneMessages), "fourward.sim.ActionExecutionEvent.ParamsEntry"].sort(),
    ));
  it("define the enums of the contract, none missing and none added", () =>
    assert.deepEqual(Object.keys(compiled.enums).filter(ours).sort(), Object.keys(dataplaneEnums).sort()));

  for (const [name, fields] of Object.entries(dataplaneMessages))
    it(`give ${name} the fields of the contract`, () => {
      const text = Object.entries(compiled.messages[name]?.fields ?? {}).map(([field, f]) => {
        const rule = f.repeated ? "repeated " : "optional" in f ? "optional " : "";
        return `${f.number} ${rule}${f.type} ${field}${f.oneof === undefined ? "" : ` of ${f.oneof}`}`;
      });
      assert.deepEqual(text.sort(), [...fields].sort());
    });
  for (const [name, values] of Object.entries(dataplaneEnums))
    it(`give enum ${name} the values of the contract`, () => assert.deepEqual(compiled.enums[name], values));
  it("define the methods of the contract", () =>
    assert.deepEqual(compiled.services["fourward.dataplane.Dataplane"], dataplaneMethods));
});
