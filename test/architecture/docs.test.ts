import assert from "node:assert/strict";
import { textsBelow } from "../support/repository.js";
import { claimComplaints, readFacts, type Facts } from "./doc-claims.js";

const places = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "LIMITATIONS.md", "docs", "test/README.md"];

describe("the documents", () => {
  it("name paths, npm scripts, flags and configuration keys that exist", () => {
    const facts = readFacts();
    const documents = places.flatMap((place) => [...textsBelow(place, ".md")]);
    assert.deepEqual(
      documents.flatMap(([path, text]) => claimComplaints(path, text, facts)),
      [],
    );
  });
});

// A made-up repository: what exists passes, what does not is named.
describe("the check of documents", () => {
  const facts: Facts = {
    files: ["src/acl/bindings.ts", "src/main.ts", "docs/metrics.md", "scripts/build.mjs", "package.json"],
    npmScripts: new Set(["test", "build"]),
    source: 'program.option("--port <n>"); log.warn("punt.policer_full");',
    configSections: new Set(["punt", "packet_in"]),
    configKeys: new Set(["queues", "packet_in", "backlog"]),
  };
  for (const { text, want } of [
    { text: "`src/main.ts`, `acl/bindings.ts`, `bindings.ts`, `src/acl/`, `docs/metrics.md`, `metrics.md`", want: [] },
    { text: "`src/daemon.ts`, `compile.ts`, `docs/`, `native/`", want: ["src/daemon.ts", "compile.ts", "native/"] },
    {
      text: "`dist/src/main.js`, `/etc/p4rtd/p4rtd.yaml`, `ethernet-1/1`, `10.0.0.0/8`, `p4.v1.Error`, `a/b`",
      want: [],
    },
    { text: "[here](metrics.md#top) [there](../src/main.ts) [web](https://example.org/x)", want: [] },
    { text: "[gone](absent.md)", want: ["absent.md"] },
    { text: "`npm run build`, `npm test`, `npm ci --omit=dev`", want: [] },
    { text: "`npm run lint` and `npm start`", want: ["npm run lint", "npm run start"] },
    { text: "`node scripts/build.mjs --clean`, `node dist/src/main.js`", want: [] },
    { text: "`node scripts/absent.mjs`", want: ["scripts/absent.mjs"] },
    { text: "`--port 9559`, `p4rtd --port 1`, `protoc --decode`", want: [] },
    { text: "`--ports`, `p4rtd --port 1 --check`", want: ["--ports", "--check"] },
    { text: "```sh\n$ npm run lint\np4rtd --check\n```\n```yaml\na: `x.ts`\n```", want: ["npm run lint", "--check"] },
    {
      text: "`punt.queues`, `packet_in.backlog: {frames: 1}`, `punt.policer_full`, `hdr.ethernet.ether_type`",
      want: [],
    },
    { text: "`punt.colour`, `packet_in.backlog.seconds: 3`", want: ["punt.colour", "packet_in.backlog.seconds: 3"] },
  ])
    it(`finds ${want.length === 0 ? "nothing wrong" : want.join(", ")} in ${JSON.stringify(text)}`, () => {
      const complaints = want.map((what) => `docs/x.md: \`${what}\` does not exist`);
      assert.deepEqual(claimComplaints("docs/x.md", text, facts), complaints);
    });
});
