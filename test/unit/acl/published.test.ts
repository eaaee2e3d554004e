import assert from "node:assert/strict";
import { bindPipeline, type Bindings } from "../../../src/acl/bindings.js";
import { Code, StatusError } from "../../../src/base/status.js";
import { finish } from "../../../src/base/steps.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import { buildProgram } from "../../../src/switch/program.js";
import { golden } from "../../support/golden.js";
import type { PublishedProgram } from "../../support/p4info.js";
import { configOf, programOptions, published } from "../../support/program-options.js";
import { requirement } from "../../support/requirement.js";

const bind = (name: PublishedProgram) => bindPipeline(indexP4Info(published(name)), programOptions());

/** One line per table, field and action: what it is bound to and why. */
function bindingText({ byTable, unrealised }: Bindings): string {
  const lines: string[] = [];
  for (const { table, index, fields, actions } of byTable.values()) {
    lines.push(`${index} table ${table.alias}`);
    for (const { field, binding } of fields)
      lines.push(
        `  ${field.name} ${field.kind}: ${binding.inverted ? "not " : ""}${binding.key} by ${binding.source}` +
          (binding.presence === 0 ? "" : ` with presence ${binding.presence}`),
      );
    for (const [id, { action, queueParam, steering }] of actions)
      lines.push(
        `  ${table.actionRefById.get(id)?.action.alias ?? ""}: ${action.green}/${action.yellow}/${action.red}` +
          (queueParam === undefined ? "" : ` queue ${queueParam.name}`) +
          Object.entries(steering ?? {})
            .map(([role, param]) => ` ${role} ${param.name}`)
            .join(""),
      );
  }
  for (const { table, reason, blocking } of unrealised)
    lines.push(`${blocking ? "unrealised" : "declared unsupported"} ${table.alias}: ${reason}`);
  return lines.map((line) => `${line}\n`).join("");
}

describe("published programs", () => {
  for (const name of ["wbb", "sai-wbb"] as const)
    it(`${name} binds whole`, () => {
      const bindings = bind(name);
      assert.deepEqual(bindings.unrealised, []);
      golden(`acl/${name}.bindings.txt`, bindingText(bindings));
      finish(buildProgram(configOf(published(name), name), programOptions()));
    });

  requirement("SFP-09", "middleblock is refused with everything that stands in the way", () => {
    assert.throws(
      () => finish(buildProgram(configOf(published("middleblock"), "middleblock"), programOptions())),
      (error) => {
        assert.ok(error instanceof StatusError);
        assert.equal(error.status.code, Code.INVALID_ARGUMENT);
        golden("acl/middleblock.refused.txt", `${error.message}\n`);
        return true;
      },
    );
  });

  it("middleblock has one ACL table that is covered; the others fail by stage, key or action", () => {
    const { unrealised } = bind("middleblock");
    const failing = (name: string) => unrealised.filter(({ table, blocking }) => blocking && table.alias === name);
    const rows = [
      ["acl_ingress_security_table", []],
      ["acl_pre_ingress_table", [/stage @sai_acl\(PRE_INGRESS\)/]],
      ["acl_egress_table", [/stage @sai_acl\(EGRESS\)/, /'out_port'/]],
      [
        "acl_ingress_mirror_and_redirect_table",
        [/'acl_metadata'/, /'vrf_id'/, /'route_hit'/, /SAI_OBJECT_TYPE_NEXT_HOP/],
      ],
      ["acl_ingress_table", [/SAI_OBJECT_TYPE_NEXT_HOP/]],
    ] as const;
    for (const [name, patterns] of rows) {
      const reasons = failing(name).map(({ reason }) => reason);
      assert.equal(reasons.length === 0, patterns.length === 0, `${name}: ${reasons.join("; ")}`);
      for (const pattern of patterns)
        assert.ok(
          reasons.some((reason) => pattern.test(reason)),
          `${name}: ${pattern.source}`,
        );
    }
  });

  it("middleblock is taken when unbound tables are stored, and what is unrealised is known", () => {
    const config = configOf(published("middleblock"), "middleblock");
    const { bindings } = finish(buildProgram(config, programOptions({ unboundTables: "store" })));
    golden("acl/middleblock.stored.txt", bindingText(bindings));
  });
});
