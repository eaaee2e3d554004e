/** What batches make of groups and sessions, and these of frames, once more: maps that are copied before each batch. */

export interface NaivePort {
  readonly port: number;
  readonly instance: number;
}

export interface NaiveReplica extends NaivePort {
  readonly backups: readonly NaivePort[];
}

export interface NaiveEntity {
  readonly of: "group" | "session";
  readonly id: number;
  readonly replicas: readonly NaiveReplica[];
  /** Of a session: bytes kept of a clone; 0: all. */
  readonly bytes: number;
}

export interface NaiveChange extends NaiveEntity {
  readonly kind: "insert" | "modify" | "delete";
}

const cpu = 0xfffffffd;
const isPort = (port: number) => port <= 4 || port === cpu;

export class NaiveReplication {
  #entities = new Map<string, NaiveEntity>();

  /** One entity in a form to compare. */
  static line({ of, id, replicas, bytes }: NaiveEntity): string {
    const port = (one: NaivePort) => `${one.port}/${one.instance}`;
    const list = replicas.map((one) => [port(one), ...one.backups.map(port)].join("<"));
    return `${of} ${id} ${of === "session" ? bytes : 0}: ${list.join(" ")}`;
  }

  /** Every entity, in a form to compare. */
  lines(): readonly string[] {
    return [...this.#entities.values()].map((entity) => NaiveReplication.line(entity)).sort();
  }

  /** Applies a batch. @param refused the id that the datapath takes nothing of @param lost the commit fails */
  batch(
    changes: readonly NaiveChange[],
    mode: { readonly atomic: boolean; readonly refused: number | undefined; readonly lost: boolean },
  ): readonly string[] {
    const next = new Map(this.#entities);
    const results: string[] = [];
    for (const change of changes) {
      const result = outcome(next, change, mode.refused);
      if (result !== "OK" && mode.atomic) return changes.map((_, i) => (i === results.length ? result : "ABORTED"));
      results.push(result);
      if (result !== "OK") continue;
      if (change.kind === "delete") next.delete(keyOf(change));
      else next.set(keyOf(change), change);
    }
    if (mode.lost && results.includes("OK")) return changes.map(() => "UNAVAILABLE");
    this.#entities = next;
    return results;
  }

  /** Port, length and instance of each copy of a frame sent to a group. @param down ports that are not up */
  multicast(id: number, length: number, down: readonly number[]) {
    const { replicas } = this.#entities.get(`group ${id}`) ?? { replicas: [] };
    return replicas.flatMap((replica) => {
      const best = [replica, ...replica.backups].find(({ port }) => !down.includes(port));
      return best === undefined ? [] : [[best.port, length, best.instance]];
    });
  }

  /** The same of clones by a session. */
  clones(id: number, length: number, down: readonly number[]) {
    const session = this.#entities.get(`session ${id}`);
    if (session === undefined) return [];
    const kept = session.bytes === 0 ? length : Math.min(length, session.bytes);
    return session.replicas
      .filter(({ port }) => !down.includes(port))
      .map(({ port, instance }) => [port, kept, instance]);
  }
}

const keyOf = ({ of, id }: NaiveEntity) => `${of} ${id}`;

/** What one update is answered; the order of the checks is the decoder's, then the store's, then the datapath's. */
function outcome(entities: ReadonlyMap<string, NaiveEntity>, change: NaiveChange, refused: number | undefined): string {
  const { kind, id, of, replicas, bytes } = change;
  if (id < 1 || id > 65_535) return "INVALID_ARGUMENT";
  if (kind !== "delete") {
    const all = replicas.flatMap((replica) => [replica, ...replica.backups]);
    if (all.some(({ port, instance }) => !isPort(port) || instance > 65_535)) return "INVALID_ARGUMENT";
    if (of === "session" && bytes < 0) return "INVALID_ARGUMENT";
    if (of === "session" && all.length > replicas.length) return "UNIMPLEMENTED";
    if (new Set(all.map(({ port, instance }) => `${port}/${instance}`)).size < all.length) return "INVALID_ARGUMENT";
    if (replicas.some(({ port, backups }) => backups.some((backup) => backup.port === port))) return "INVALID_ARGUMENT";
  }
  const exists = entities.has(keyOf(change));
  if (kind === "insert" && exists) return "ALREADY_EXISTS";
  if (kind !== "insert" && !exists) return "NOT_FOUND";
  return id === refused ? "OUT_OF_RANGE" : "OK";
}
