/** How many replicas the groups and sessions of a program have together, which is bounded. */
import { refusal } from "../base/situation.js";
import { maxTotalReplicas, replicaCount, type Replicated } from "../entity/replication.js";

/** Counts what is published and what the open batch makes of it. */
export class ReplicaCount {
  #published = 0;
  #staged = 0;

  /** Counts `after` in the place of `before`. @throws StatusError RESOURCE_EXHAUSTED, and nothing is counted */
  replace(before: Replicated | undefined, after: Replicated | undefined): void {
    const staged = this.#staged + replicaCount(after) - replicaCount(before);
    if (staged > maxTotalReplicas && staged > this.#staged)
      throw refusal(
        "full",
        `the device has room for ${maxTotalReplicas} replicas, backups included, and this would make ${staged}`,
        { limit: maxTotalReplicas },
      );
    this.#staged = staged;
  }

  /** The batch is published. */
  keep(): void {
    this.#published = this.#staged;
  }

  /** The batch leaves no trace. */
  abandon(): void {
    this.#staged = this.#published;
  }
}
