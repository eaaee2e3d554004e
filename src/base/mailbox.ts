/** A bounded queue with one reader who may wait. */

/** Bounds of what may wait, and the size of one item. */
export interface MailboxLimit<T> {
  readonly items: number;
  readonly bytes: number;
  readonly bytesOf: (item: T) => number;
}

/**
 * Items in order for one reader. What does not fit is counted; the reader gets what did fit, and then the error that
 * `overflow` makes of the number lost.
 */
export class Mailbox<T extends object> {
  readonly #limit: MailboxLimit<T>;
  readonly #overflow: (lost: number) => Error;
  #items: T[] = [];
  /** Position in `#items` of what is read next. */
  #head = 0;
  #bytes = 0;
  #lost = 0;
  #closed = false;
  #wake: () => void = () => {};

  /** @param limit what may wait; a number is one of items */
  constructor(limit: number | MailboxLimit<T>, overflow: (lost: number) => Error) {
    this.#limit = typeof limit === "number" ? { items: limit, bytes: Infinity, bytesOf: () => 0 } : limit;
    this.#overflow = overflow;
  }

  /** Adds `item`; if the box is full, or was full once, it is lost. */
  push(item: T): void {
    if (this.#closed) return;
    const { items, bytes, bytesOf } = this.#limit;
    const size = bytesOf(item);
    if (this.#lost > 0 || this.#items.length - this.#head >= items || this.#bytes + size > bytes) this.#lost++;
    else {
      this.#items.push(item);
      this.#bytes += size;
    }
    this.#wake();
  }

  /** Ends the reading once everything waiting is read. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Reads until `close` or until `signal` aborts; then, or when the reader leaves, `ended` is called. */
  read(signal: AbortSignal, ended: () => void = () => {}): AsyncIterable<T> {
    const stop = () => {
      signal.removeEventListener("abort", stop);
      ended();
      this.#wake();
    };
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    return this.#read(signal, stop);
  }

  async *#read(signal: AbortSignal, stop: () => void): AsyncGenerator<T, void, void> {
    try {
      while (!signal.aborted) {
        const item = this.#take();
        if (item !== undefined) {
          yield item;
          continue;
        }
        if (this.#lost > 0) throw this.#overflow(this.#lost);
        if (this.#closed) return;
        await new Promise<void>((wake) => (this.#wake = wake));
      }
    } finally {
      stop();
    }
  }

  #take(): T | undefined {
    const item = this.#items[this.#head++];
    if (item !== undefined) this.#bytes -= this.#limit.bytesOf(item);
    if (this.#head >= this.#items.length || this.#head >= 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
