/** Routes with several next hops, in the kernel that the tests run on. */
import { loadAddon } from "../../src/addon/load.js";
import { noLeaks } from "../support/no-leaks.js";
import { root } from "../support/repository.js";
import { requirement } from "../support/requirement.js";
import { Box } from "./box.js";
import { describeInNetns } from "../support/needs.js";
import { noTraces } from "./no-traces.js";
import { addWeightedRoutes, byAddress, byPort, copyRule, followsWeights } from "./weighted.js";

const slowMs = 60_000;
const flows = 256;

describeInNetns("weighted next hops", () => {
  noLeaks();
  noTraces();

  for (const [policy, kinds] of [byAddress, byPort].entries())
    requirement(
      "FPX-24",
      `are told as the kernel takes them, whatever tells flows apart (policy ${policy})`,
      async function (this: Mocha.Context) {
        this.timeout(slowMs);
        await using box = new Box(loadAddon(), root);
        const from = box.neighbour(1);
        const ways = new Map([2, 3].map((port) => [port, box.neighbour(port)]));
        for (const version of [4, 6]) box.namespace.set(`net.ipv${version}.fib_multipath_hash_policy`, policy);
        await box.start([copyRule]);
        await addWeightedRoutes(box, [2, 3], [...ways.values()]);
        await followsWeights(box, from, ways, { kinds, flows });
      },
    );
});
