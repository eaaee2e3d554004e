/** What waits for one controller that reads more slowly than frames come. */

export interface BacklogLimit {
  readonly frames: number;
  readonly bytes: number;
}

/** First in, first out, bounded; when full the new frame is refused. */
export class Backlog {
  readonly #limit: BacklogLimit;
  readonly #ready: () => void;
  #waiting: Buffer[] = [];
  #next = 0;
  #bytes = 0;

  /** @param ready called when the first message begins to wait */
  constructor(limit: BacklogLimit, ready: () => void) {
    this.#limit = limit;
    this.#ready = ready;
  }

  /** Messages that wait. */
  get length(): number {
    return this.#waiting.length - this.#next;
  }

  /** Queues `message`; false if it would exceed the limit, then nothing changed. */
  offer(message: Buffer): boolean {
    if (this.length >= this.#limit.frames || this.#bytes + message.length > this.#limit.bytes) return false;
    this.#bytes += message.length;
    this.#waiting.push(message);
    if (this.length === 1) this.#ready();
    return true;
  }

  /** The oldest message, or undefined. */
  take(): Buffer | undefined {
    const message = this.#waiting[this.#next];
    if (message === undefined) return undefined;
    this.#bytes -= message.length;
    this.#next++;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    } else if (this.#next >= 1024) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return message;
  }

  /** Forgets everything that waits. Returns how many messages that were. */
  clear(): number {
    const lost = this.length;
    this.#waiting = [];
    this.#next = 0;
    this.#bytes = 0;
    return lost;
  }
}
